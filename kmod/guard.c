// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * No rights are gained inside an OS that is not marked suid.
 *
 * The trees are mounted nosuid, but a setuid program of the base can still be
 * reached from inside: through a descriptor or a working directory from before, through
 * /proc/PID/root of a process outside.  It would run with its owner's rights and
 * the OS's dynamic loader and libraries, which may be old and full of holes.
 * chroot(2) is a privileged call for this very reason; ours is not.
 *
 * So a program that has just gained rights from its file inside such an OS is killed
 * before its first instruction, in the sched_process_exec tracepoint: the new
 * credentials are in force and the way back to user space has a SIGKILL on it.
 */
#include <linux/binfmts.h>
#include <linux/cred.h>
#include <linux/mount.h>
#include <linux/sched/signal.h>
#include <linux/tracepoint.h>
#include <linux/uidgid.h>

#include "chos.h"

static struct tracepoint *chos_exec_tp;

/* The file whose set-id bits counted; for a script its interpreter. */
static struct file *privileged_file(const struct linux_binprm *bprm)
{
	return bprm->execfd_creds ? bprm->executable : bprm->file;
}

/*
 * Did the current process gain rights from the file?  Rights that it only kept,
 * as a daemon on its way to a user does, are no matter of ours.
 */
static bool gained_rights(const struct linux_binprm *bprm)
{
	const struct file *file = privileged_file(bprm);
	const struct cred *cred = current_cred();
	const struct inode *inode;

	if (!file || file->f_path.mnt->mnt_flags & MNT_NOSUID)
		return false;
	inode = file_inode(file);
	if (inode->i_mode & S_ISUID && !uid_eq(cred->euid, cred->uid))
		return true;
	if (inode->i_mode & S_ISGID && inode->i_mode & 0010 &&
	    !gid_eq(cred->egid, cred->gid))
		return true;
	/* Who is not root keeps his ambient capabilities only: the rest is the file's. */
	return !uid_eq(cred->uid, GLOBAL_ROOT_UID) &&
	       !uid_eq(cred->euid, GLOBAL_ROOT_UID) &&
	       !cap_issubset(cred->cap_permitted, cred->cap_ambient);
}

/* In the process that exec'ed, under RCU or with preemption off: must not sleep. */
static void on_exec(void *data, struct task_struct *task, pid_t old_pid,
		    struct linux_binprm *bprm)
{
	struct chos_os *os;

	if (!bprm->secureexec)
		return;
	os = chos_os_of_current();
	if (READ_ONCE(os->suid) || !gained_rights(bprm))
		return;
	chos_report_kill(bprm->file->f_path.dentry->d_name.name);
	send_sig(SIGKILL, current, 1);
}

/* Module init, may sleep.  Without the tracepoint the module does not load. */
int chos_guard_init(void)
{
	chos_exec_tp = chos_tracepoint_find("sched_process_exec");
	if (!chos_exec_tp) {
		pr_err("this kernel has no sched_process_exec tracepoint\n");
		return -ENODEV;
	}
	return tracepoint_probe_register(chos_exec_tp, on_exec, NULL);
}

/* Module exit, may sleep: no probe runs any more when it returns. */
void chos_guard_exit(void)
{
	tracepoint_probe_unregister(chos_exec_tp, on_exec, NULL);
	tracepoint_synchronize_unregister();
}
