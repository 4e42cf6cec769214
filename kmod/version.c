// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* /proc/chos/version: the version, state and counters of the module. */
#include <linux/module.h>
#include <linux/seq_file.h>

#include "chos.h"

static const char *const chos_counter_names[CHOS_COUNTERS] = {
	[CHOS_COUNT_ENTERS] = "enters",
	[CHOS_COUNT_LEAVES] = "leaves",
	[CHOS_COUNT_EINVAL] = "refused_EINVAL",
	[CHOS_COUNT_ENAMETOOLONG] = "refused_ENAMETOOLONG",
	[CHOS_COUNT_ENOENT] = "refused_ENOENT",
	[CHOS_COUNT_ENOTDIR] = "refused_ENOTDIR",
	[CHOS_COUNT_EACCES] = "refused_EACCES",
	[CHOS_COUNT_EXDEV] = "refused_EXDEV",
	[CHOS_COUNT_EBUSY] = "refused_EBUSY",
	[CHOS_COUNT_EPERM] = "refused_EPERM",
	[CHOS_COUNT_OTHER] = "refused_other",
	[CHOS_COUNT_KILLED] = "killed",
};

static int version_show(struct seq_file *m, void *v)
{
	unsigned int i;

	seq_printf(m, "version %s\n", CHOS_RELEASE);
	seq_printf(m, "abi %d\n", CHOS_ABI_VERSION);
	seq_printf(m, "fork_tracking %s\n", chos_inherit_state());
	seq_printf(m, "entries %u\n", chos_allow_count());
	seq_printf(m, "interned %u\n", chos_os_count());
	seq_printf(m, "table_bytes %zu\n", chos_table_bytes());
	for (i = 0; i < CHOS_COUNTERS; i++)
		seq_printf(m, "%s %llu\n", chos_counter_names[i], chos_counter_read(i));
	return 0;
}

static int version_open(struct inode *inode, struct file *file)
{
	return single_open(file, version_show, NULL);
}

const struct file_operations chos_version_fops = {
	.owner = THIS_MODULE,
	.open = version_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = single_release,
};
