// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* /proc/chos/valid: the allowlist in force, and its replacement by root. */
#include <linux/capability.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/user_namespace.h>

#include "chos.h"

/**
 * chos_may_configure - may this write change what all users get?
 * @file: the file written to
 *
 * Both who opened the file and who writes must be the administrator, so that neither
 * a descriptor that was passed on nor a redirected program does it.
 * Context: any process context.
 */
bool chos_may_configure(struct file *file)
{
	return file_ns_capable(file, &init_user_ns, CAP_SYS_ADMIN) &&
	       capable(CAP_SYS_ADMIN);
}

static ssize_t valid_write(struct file *file, const char __user *buf,
			   size_t len, loff_t *pos)
{
	char *text;
	int err;

	if (!chos_may_configure(file))
		return -EPERM;
	if (*pos || !len)
		return -EINVAL;
	if (len > CHOS_VALID_MAX_BYTES)
		return -E2BIG;
	text = kvmalloc(len + 1, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	text[len] = '\0';
	err = copy_from_user(text, buf, len) ? -EFAULT :
	      chos_allow_replace(text, len);
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
