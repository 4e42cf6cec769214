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
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <linux/uidgid.h>

#include "chos.h"

static struct tracepoint *chos_exec_tp;

/* Who is not root keeps his ambient capabilities only: the rest came from the file. */
static bool has_file_caps(const struct cred *cred)
{
	return !uid_eq(cred->uid, GLOBAL_ROOT_UID) &&
	       !uid_eq(cred->euid, GLOBAL_ROOT_UID) &&
	       !cap_issubset(cred->cap_permitted, cred->cap_ambient);
}

/*
 * Did the current process gain rights from the file?  Rights that it only kept,
 * as a daemon on its way to a user does, are no matter of ours.
 */
static bool gained_rights(const struct linux_binprm *bprm)
{
	const struct cred *cred = current_cred();
	bool other_uid = !uid_eq(cred->euid, cred->uid);
	bool other_gid = !gid_eq(cred->egid, cred->gid);
	umode_t mode;

	/*
	 * A binfmt_misc handler that takes the rights of the file it interprets: that
	 * file is no longer in @bprm, so any rights are taken for gained.
	 */
	if (bprm->execfd_creds)
		return other_uid || other_gid || has_file_caps(cred);
	if (bprm->file->f_path.mnt->mnt_flags & MNT_NOSUID)
		return false;
	mode = file_inode(bprm->file)->i_mode;
	return (mode & S_ISUID && other_uid) ||
	       (mode & S_ISGID && mode & 0010 && other_gid) ||
	       has_file_caps(cred);
}

/* In the process that exec'ed, before it returns to user space.  Must not sleep. */
static void on_exec(void *data, struct task_struct *task, pid_t old_pid,
		    struct linux_binprm *bprm)
{
	struct chos_os *os;

	if (!bprm->secureexec)
		return;
	os = chos_os_of_current();
	if (READ_ONCE(os->suid) || !gained_rights(bprm))
		return;
	/* Not the dentry's name: a rename may free it under us. */
	chos_report_kill(kbasename(bprm->filename));
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
