// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * /proc/chos/setchos: the only way into and out of an OS.  This file reads a write or
 * an ioctl, checks it and decides; root.c moves the process.
 */
#include <linux/cred.h>
#include <linux/fs_struct.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "chos.h"

/*
 * Was the file opened with the credentials that its user has now?  Without this
 * check, a user could open the file, make it the standard output of a setuid program
 * and so move that program.
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

/* Does a thread with the credentials @cred have no other rights than @writer uses now? */
static bool has_rights_of(const struct cred *cred, const struct cred *writer)
{
	return uid_eq(cred->uid, writer->euid) &&
	       uid_eq(cred->euid, writer->euid) &&
	       uid_eq(cred->suid, writer->euid) &&
	       uid_eq(cred->fsuid, writer->euid) &&
	       gid_eq(cred->gid, writer->egid) &&
	       gid_eq(cred->egid, writer->egid) &&
	       gid_eq(cred->sgid, writer->egid) &&
	       gid_eq(cred->fsgid, writer->egid) &&
	       cap_issubset(cred->cap_permitted, writer->cap_effective);
}

/*
 * Does no thread of the current process have rights that the writing thread does not use,
 * and could take back or lend to it?  Without this check, a user could move a privileged
 * program that lowers its privileges to open a file that the user names and to write to
 * it, and that raises them again.  The program would run its helpers from their OS.
 * Takes the RCU read lock.
 */
static bool has_one_identity(void)
{
	const struct cred *writer = current_cred();
	struct task_struct *t;
	bool one = has_rights_of(writer, writer);

	rcu_read_lock();
	for_each_thread(current, t)
		one = one && has_rights_of(__task_cred(t), writer);
	rcu_read_unlock();
	return one;
}

/*
 * Checks the text in @wanted, which has @len bytes; a NUL follows.  Context: any.
 */
static int check_wanted(const char *wanted, size_t len)
{
	size_t i;

	if (len > CHOS_PATH_MAX)
		return -ENAMETOOLONG;
	for (i = 0; i < len; i++) {
		unsigned char c = wanted[i];

		if (c < ' ' || c == 0x7f)
			return -EINVAL;
	}
	return len ? 0 : -EINVAL;
}

/*
 * Copies the written text, without a trailing newline, into @wanted, and checks it.
 * After an error, @wanted is a string that can be logged.  May sleep.
 */
static int copy_wanted(char wanted[CHOS_PATH_MAX + 2], const char __user *buf,
		       size_t len, loff_t pos)
{
	wanted[0] = '\0';
	if (pos || !len)
		return -EINVAL;
	/* A path and its newline. */
	if (len > CHOS_PATH_MAX + 1)
		return -ENAMETOOLONG;
	if (copy_from_user(wanted, buf, len)) {
		wanted[0] = '\0';
		return -EFAULT;
	}
	if (wanted[len - 1] == '\n')
		len--;
	wanted[len] = '\0';
	return check_wanted(wanted, len);
}

/* May sleep. */
static int setchos_leave(void)
{
	int err = chos_root_leave();

	if (!err)
		chos_counter_inc(CHOS_COUNT_LEAVES);
	return err;
}

/*
 * Moves the current process into @os.  @refusal is 0 if the allowlist lets the
 * process in, else the errno.  May sleep.
 */
static int enter_os(struct chos_os *os, int refusal)
{
	int err;

	/* A process that is already in the OS may stay, even if it may not enter now. */
	if (refusal && os->id != chos_id_of(current))
		return refusal;
	if (!strcmp(os->path, CHOS_BASE_PATH))
		return setchos_leave();
	err = chos_os_prepare(os) ?: chos_root_enter(os, refusal);
	if (!err) {
		chos_counter_inc(CHOS_COUNT_ENTERS);
		atomic64_inc(&os->enters);
	}
	return err;
}

/* Moves the current process as @wanted, a name or path, says.  May sleep. */
static int setchos_switch(const char *wanted)
{
	struct chos_os *os = NULL;
	int err;

	if (!strcmp(wanted, CHOS_BASE_PATH))
		return setchos_leave();
	err = chos_allow_check(wanted, &os);
	if (!os)
		return err;
	err = enter_os(os, err);
	/* Orders this after the write to the table; pairs with the acquire in usage.c. */
	atomic_fetch_dec_release(&os->entering);
	return err;
}

/*
 * Switches as @wanted says, if @err, the result of the checks so far, is 0 and the file
 * was opened with the rights that the current process has.  Reports a refusal.  May sleep.
 */
static int setchos_request(const struct file *file, const char *wanted, int err)
{
	if (!err && !same_rights(file->f_cred))
		err = -EPERM;
	if (!err)
		err = setchos_switch(wanted);
	if (err)
		chos_report_refusal(wanted, err);
	return err;
}

/* May sleep. */
static ssize_t setchos_write(struct file *file, const char __user *buf,
			     size_t len, loff_t *pos)
{
	char wanted[CHOS_PATH_MAX + 2];
	int err;

	/*
	 * In old kernels, an io_uring worker is a kernel thread that acts for a user.
	 * It is not the process that the user wants to move.
	 */
	if (current->flags & PF_KTHREAD)
		return -EPERM;
	err = copy_wanted(wanted, buf, len, *pos);
	if (!err && !has_one_identity())
		err = -EPERM;
	return setchos_request(file, wanted, err) ?: len;
}

/*
 * A switch by a program that means it, so its privileges may be lowered for a while.
 * May sleep.
 */
static long setchos_ioctl(struct file *file, unsigned int command, unsigned long arg)
{
	struct chos_switch request;
	size_t len;

	if (command != CHOS_SWITCH)
		return -ENOTTY;
	if (copy_from_user(&request, (void __user *)arg, sizeof(request)))
		return -EFAULT;
	len = strnlen(request.os, sizeof(request.os));
	request.os[CHOS_PATH_MAX] = '\0';
	return setchos_request(file, request.os, check_wanted(request.os, len));
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
	.unlocked_ioctl = setchos_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = default_llseek,
};
