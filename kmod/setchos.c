// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * /proc/chos/setchos: the one door.  A write is bounded, checked and decided here;
 * root.c moves the process.
 */
#include <linux/cred.h>
#include <linux/fs_struct.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "chos.h"

/*
 * Was the file opened with the rights that its writer has?  Else a user could
 * open it, hand it to a setuid program as its output and have that program moved.
 */
static bool same_rights(const struct cred *opener)
{
	const struct cred *writer = current_cred();

	return opener->user_ns == writer->user_ns &&
	       uid_eq(opener->uid, writer->uid) &&
	       uid_eq(opener->euid, writer->euid) &&
	       gid_eq(opener->gid, writer->gid) &&
	       gid_eq(opener->egid, writer->egid) &&
	       cap_issubset(writer->cap_effective, opener->cap_effective);
}

/* Copies what was written, without its newline, into @wanted. */
static int read_wanted(char wanted[CHOS_PATH_MAX + 2], const char __user *buf,
		       size_t len, loff_t pos)
{
	size_t i;

	wanted[0] = '\0';
	if (pos || !len)
		return -EINVAL;
	/* One more byte than a path: its newline. */
	if (len > CHOS_PATH_MAX + 1)
		return -ENAMETOOLONG;
	if (copy_from_user(wanted, buf, len)) {
		wanted[0] = '\0';
		return -EFAULT;
	}
	if (wanted[len - 1] == '\n')
		len--;
	wanted[len] = '\0';
	if (len > CHOS_PATH_MAX)
		return -ENAMETOOLONG;
	for (i = 0; i < len; i++) {
		unsigned char c = wanted[i];

		if (c < ' ' || c == 0x7f)
			return -EINVAL;
	}
	return len ? 0 : -EINVAL;
}

static int setchos_leave(void)
{
	int err = chos_root_leave();

	if (!err)
		chos_count(CHOS_COUNT_LEAVES);
	return err;
}

/* May sleep.  @refusal: what the allowlist said of @os. */
static int enter_os(struct chos_os *os, int refusal)
{
	int err;

	/* Who is in it already may stay, whatever its entry says now. */
	if (refusal && os->id != chos_id_of(current))
		return refusal;
	if (!strcmp(os->path, CHOS_BASE_PATH))
		return setchos_leave();
	err = chos_os_prepare(os) ?: chos_root_enter(os, refusal);
	if (!err) {
		chos_count(CHOS_COUNT_ENTERS);
		atomic64_inc(&os->enters);
	}
	return err;
}

/* May sleep. */
static int setchos_enter(const char *wanted)
{
	struct chos_os *os = NULL;
	int err;

	if (!strcmp(wanted, CHOS_BASE_PATH))
		return setchos_leave();
	err = chos_allow_check(wanted, &os);
	if (!os)
		return err;
	err = enter_os(os, err);
	/* After the word in the table; pairs with the acquire in usage.c. */
	atomic_fetch_dec_release(&os->entering);
	return err;
}

static ssize_t setchos_write(struct file *file, const char __user *buf,
			     size_t len, loff_t *pos)
{
	char wanted[CHOS_PATH_MAX + 2];
	int err;

	/* An io_uring worker of old kernels is one, in its user's name: not a process to move. */
	if (current->flags & PF_KTHREAD)
		return -EPERM;
	err = read_wanted(wanted, buf, len, *pos);
	if (!err && !same_rights(file->f_cred))
		err = -EPERM;
	if (!err)
		err = setchos_enter(wanted);
	if (err) {
		chos_report_refusal(wanted, err);
		return err;
	}
	return len;
}

static ssize_t setchos_read(struct file *file, char __user *buf, size_t len,
			    loff_t *pos)
{
	char text[CHOS_NAME_MAX + 2];
	int n = scnprintf(text, sizeof(text), "%s\n", chos_os_of_current()->name);

	return simple_read_from_buffer(buf, len, pos, text, n);
}

const struct file_operations chos_setchos_fops = {
	.owner = THIS_MODULE,
	.read = setchos_read,
	.write = setchos_write,
	.llseek = default_llseek,
};
