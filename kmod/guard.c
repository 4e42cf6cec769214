// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * The guard: no process gains privileges inside an OS that is not marked suid, and none
 * from a program of an OS that it is not in.
 *
 * The trees are mounted nosuid, but a process in an OS can still reach setuid programs
 * of the base OS: through a descriptor or a working directory that it had before it
 * entered, or through /proc/PID/root of a process outside.  Such a program would run
 * with its owner's privileges and with the dynamic loader and libraries of the OS,
 * which may be old and vulnerable.  chroot(2) requires a capability for this reason,
 * but entering an OS does not.
 *
 * The tree of an OS marked suid is mounted without nosuid, and everybody can reach it
 * through the farm: from the base OS, and from other OSs.  But its setuid programs are
 * for those who may enter it (options groups and closed), and run with its libraries.
 *
 * Therefore the guard kills a process that gained privileges from the program file it
 * executes, if it is in an OS that is not marked suid, or if the file is in a tree that is
 * not the one of its OS.  It sends SIGKILL in the sched_process_exec tracepoint, when the
 * new credentials are in force and the program has not run an instruction.
 *
 * The path of the file tells in which tree it is.  The path is that of the mount that the
 * file was opened through, however it was reached: by name, by a descriptor, through
 * /proc/PID/root, after it was deleted.  The kernel itself ignores setuid bits of mounts
 * in other mount namespaces and, in user namespaces, of files whose owners they do not
 * map.  Not covered: a tree that an administrator mounts somewhere else too, without
 * nosuid; and the directory that the farm's trees come from, if it is not mounted nosuid.
 */
#include <linux/binfmts.h>
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs_struct.h>
#include <linux/limits.h>
#include <linux/mount.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/spinlock.h>
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
	is_farm = chos_is_farm(fs->root.dentry);
	chos_fs_unlock(fs);
	return is_farm;
}

/*
 * Is @path, as seen from the root directory of a process in @os, in a tree that is not
 * the tree of @os?  A process in the base OS, or one whose root directory is not the farm,
 * sees the trees below the farm; then everything in the farm counts.  The farm may also
 * be visible through a mount of a directory above it ("/host/chos/os/sl6/...").
 * Takes the RCU read lock; does not sleep.
 */
static bool in_other_tree(const struct chos_os *os, const char *path)
{
	size_t len = strlen(chos_farm_param);
	const struct chos_os *owner = NULL;
	const char *at = path;
	bool other = false;

	rcu_read_lock();
	if (os != &chos_base)
		owner = chos_os_owner(path);
	if (owner)
		other = strcmp(owner->path, os->path);
	while (!owner && !other && (at = strstr(at, chos_farm_param))) {
		other = at[len] == '/' && (at == path || chos_os_owner(at + len));
		at++;
	}
	rcu_read_unlock();
	return other;
}

/*
 * Is @program in a tree that is not the tree of @os, the OS of the current process?  Yes
 * if the path cannot be told, because it is too long or a directory above was moved out of
 * its mount.
 * Takes a spinlock; does not sleep.
 */
static bool is_foreign(const struct file *program, const struct chos_os *os)
{
	static DEFINE_SPINLOCK(lock);
	static char buffer[PATH_MAX];
	const char *path;
	bool foreign;

	spin_lock(&lock);
	path = d_path(&program->f_path, buffer, sizeof(buffer));
	foreign = IS_ERR(path) || path[0] != '/' || !path[1] ||
		  in_other_tree(os, path);
	spin_unlock(&lock);
	return foreign;
}

/* The same for the file that gave its rights to the program of @bprm. */
static bool is_foreign_program(const struct linux_binprm *bprm,
			       const struct chos_os *os)
{
	struct file *file;
	bool foreign;

	if (!bprm->execfd_creds)
		return is_foreign(bprm->file, os);
	/* See gained_privileges(): the interpreter got that file as a descriptor. */
	file = fget(bprm->execfd);
	foreign = !file || is_foreign(file, os);
	if (file)
		fput(file);
	return foreign;
}

/*
 * May the current process gain privileges in @os from any program of its own?
 *
 * A thread with its own root that was inside clone(2) while another thread left the OS is
 * still in the farm, but its word says the base OS; see fs_is_ours().  Its root directory
 * counts, because programs come from there.  A farm made by hand is not recognized.
 * Does not sleep.
 */
static bool may_gain_in(const struct chos_os *os)
{
	return READ_ONCE(os->suid) && !(os == &chos_base && root_is_farm());
}

/*
 * Tracepoint probe; runs in the process that called execve(2), before it returns to
 * user space.  Must not sleep.
 */
static void on_exec(void *data, struct task_struct *task, pid_t old_pid,
		    struct linux_binprm *bprm)
{
	const struct chos_os *os;

	if (!bprm->secureexec || !gained_privileges(bprm))
		return;
	os = chos_os_of_current();
	if (may_gain_in(os) && !is_foreign_program(bprm, os))
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
