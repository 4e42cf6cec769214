// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * The guard: no process gains privileges inside an OS that is not marked suid.
 *
 * The trees are mounted nosuid, but a process in an OS can still reach setuid programs
 * of the base OS: through a descriptor or a working directory that it had before it
 * entered, or through /proc/PID/root of a process outside.  Such a program would run
 * with its owner's privileges and with the dynamic loader and libraries of the OS,
 * which may be old and vulnerable.  chroot(2) requires a capability for this reason,
 * but entering an OS does not.
 *
 * Therefore the guard kills a process inside such an OS that gained privileges from
 * the program file it executes.  It sends SIGKILL in the sched_process_exec tracepoint,
 * when the new credentials are in force and the program has not run an instruction.
 */
#include <linux/binfmts.h>
#include <linux/cred.h>
#include <linux/fs_struct.h>
#include <linux/mount.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <linux/uidgid.h>

#include "chos.h"
#include "compat.h"

static struct tracepoint *chos_exec_tp;

/*
 * Does @cred have capabilities from the program file?  After execve(2), a non-root
 * process keeps only its ambient capabilities; any others came from the file.
 * Context: any.
 */
static bool has_file_caps(const struct cred *cred)
{
	return !uid_eq(cred->uid, GLOBAL_ROOT_UID) &&
	       !uid_eq(cred->euid, GLOBAL_ROOT_UID) &&
	       !cap_issubset(cred->cap_permitted, cred->cap_ambient);
}

/*
 * Did the current process gain privileges from the program file?  Privileges that it
 * had before do not count: a daemon that becomes another user keeps some.
 * Context: inside execve(2); does not sleep.
 */
static bool gained_privileges(const struct linux_binprm *bprm)
{
	const struct cred *cred = current_cred();
	bool other_uid = !uid_eq(cred->euid, cred->uid);
	bool other_gid = !gid_eq(cred->egid, cred->gid);
	umode_t mode;

	/*
	 * A binfmt_misc interpreter with flag C runs with the credentials of the file
	 * that it interprets.  @bprm no longer has that file, so assume that the
	 * process gained any privileges that it has.
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

/*
 * Is the root directory of the current process a farm of chosfs?  Takes the lock of its
 * fs_struct; does not sleep.
 */
static bool root_is_farm(void)
{
	struct fs_struct *fs = current->fs;
	bool is_farm;

	chos_fs_lock(fs);
	is_farm = chos_is_farm(&fs->root);
	chos_fs_unlock(fs);
	return is_farm;
}

/*
 * Tracepoint probe; runs in the process that called execve(2), before it returns to
 * user space.  Must not sleep.
 */
static void on_exec(void *data, struct task_struct *task, pid_t old_pid,
		    struct linux_binprm *bprm)
{
	struct chos_os *os;

	if (!bprm->secureexec)
		return;
	/*
	 * A thread with its own root that was inside clone(2) while another thread left
	 * the OS is still in the farm, but its word says the base OS; see fs_is_ours().
	 * Its root directory counts, because programs come from there.  A farm made by
	 * hand is not recognized.
	 */
	os = chos_os_of_current();
	if (READ_ONCE(os->suid) && !(os == &chos_base && root_is_farm()))
		return;
	if (!gained_privileges(bprm))
		return;
	/* The dentry's name is not safe to use: a concurrent rename may free it. */
	chos_report_kill(kbasename(bprm->filename));
	send_sig(SIGKILL, current, 1);
}

/*
 * Called at module init; may sleep.  Fails if the kernel lacks the tracepoint: the
 * module must not run without the guard.
 */
int chos_guard_init(void)
{
	chos_exec_tp = chos_tracepoint_find("sched_process_exec");
	if (!chos_exec_tp) {
		pr_err("this kernel has no sched_process_exec tracepoint\n");
		return -ENODEV;
	}
	return tracepoint_probe_register(chos_exec_tp, on_exec, NULL);
}

/* Called at module exit; may sleep.  No probe runs after it returns. */
void chos_guard_exit(void)
{
	tracepoint_probe_unregister(chos_exec_tp, on_exec, NULL);
	tracepoint_synchronize_unregister();
}
