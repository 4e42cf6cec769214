// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* /proc/chos/valid: shows the allowlist, and lets the administrator replace it. */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "chos.h"

/* May sleep. */
static ssize_t valid_write(struct file *file, const char __user *buf,
			   size_t len, loff_t *pos)
{
	char *text = chos_configure_text(file, buf, len, *pos, CHOS_VALID_MAX_BYTES);
	int err;

	if (IS_ERR(text))
		return PTR_ERR(text);
	err = chos_allow_replace(text);
	kvfree(text);
	return err ?: len;
}

static int valid_show(struct seq_file *m, void *v)
{
	chos_allow_show(m);
	return 0;
}

static int valid_open(struct inode *inode, struct file *file)
{
	return single_open(file, valid_show, NULL);
}

const struct file_operations chos_valid_fops = {
	.owner = THIS_MODULE,
	.open = valid_open,
	.read = seq_read,
	.write = valid_write,
	.llseek = seq_lseek,
	.release = single_release,
};
