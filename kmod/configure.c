// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* Writes that configure the module: the permission check, and reading the text. */
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/user_namespace.h>

#include "chos.h"

/*
 * May the current process change the module's configuration through @file?
 *
 * Both the process that opened the file and the one that writes must have the right.
 * Otherwise an unprivileged process could receive a descriptor that an administrator
 * opened, or redirect the output of a privileged program to the file.
 * Context: any process context.
 */
static bool chos_may_configure(struct file *file)
{
	return file_ns_capable(file, &init_user_ns, CAP_SYS_ADMIN) &&
	       capable(CAP_SYS_ADMIN);
}

/**
 * chos_configure_text - check a write that configures the module, and read its text
 * @file: the file written to
 * @buf: the text
 * @len: length of @buf
 * @pos: offset of the write, which must be 0
 * @max: largest length accepted
 *
 * Context: may sleep.
 * Return: the text, NUL-terminated and without another NUL, which the caller frees
 * with kvfree(); or ERR_PTR of -EPERM, -EINVAL, -E2BIG, -EFAULT or -ENOMEM.
 */
char *chos_configure_text(struct file *file, const char __user *buf, size_t len,
			  loff_t pos, size_t max)
{
	char *text;
	int err = 0;

	if (!chos_may_configure(file))
		return ERR_PTR(-EPERM);
	if (pos || !len)
		return ERR_PTR(-EINVAL);
	if (len > max)
		return ERR_PTR(-E2BIG);
	text = kvmalloc(len + 1, GFP_KERNEL);
	if (!text)
		return ERR_PTR(-ENOMEM);
	text[len] = '\0';
	if (copy_from_user(text, buf, len))
		err = -EFAULT;
	else if (strlen(text) != len)
		err = -EINVAL;
	if (!err)
		return text;
	kvfree(text);
	return ERR_PTR(err);
}
