// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* Writes that configure the module: who may make one, and its text. */
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
 * May a write to @file change what all users get?
 *
 * Both who opened the file and who writes must be the administrator, so that neither
 * a descriptor that was passed on nor a redirected program does it.
 * Context: any process context.
 */
static bool chos_may_configure(struct file *file)
{
	return file_ns_capable(file, &init_user_ns, CAP_SYS_ADMIN) &&
	       capable(CAP_SYS_ADMIN);
}

/**
 * chos_configure_text - the text of a write that configures the module
 * @file: the file written to
 * @buf: what was written
 * @len: length of @buf
 * @pos: offset of the write, which must be 0
 * @max: how many bytes are accepted
 *
 * Context: may sleep.
 * Return: the text, NUL-terminated and without another NUL, for kvfree(); or ERR_PTR
 * of -EPERM, -EINVAL, -E2BIG, -EFAULT or -ENOMEM.
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
