// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Moving the current process into an OS or back to the base OS.  One critical section
 * changes its root directory, to the farm or to the base root, and its word in the
 * table.
 *
 * All checks and all steps that can fail come before that section, so an error leaves
 * the process unchanged.
 */
#include <linux/fs_struct.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/user_namespace.h>

#include "chos.h"
#include "compat.h"

/* The module parameter farm=: an absolute path other than "/". */
char *chos_farm_param = CHOS_FARM_DEFAULT;

/**
 * struct place - where the current process is
 * @root: its root directory
 * @base: the root of its mount namespace; not set if @farm is known without it
 * @farm: the farm: @root if @in_farm, else the directory that the parameter farm=
 *	names; not set for a process that leaves and is already at the base root
 * @in_farm: whether @root is a farm
 *
 * Holds a reference to each path that is set.
 */
struct place {
	struct path root, base, farm;
	bool in_farm;
};

/* May sleep. */
static void place_put(struct place *place)
{
	path_put(&place->root);
	path_put(&place->base);
	path_put(&place->farm);
}

/* Sets @base to the root of the mount namespace that @from belongs to.  May sleep. */
static void namespace_root(const struct path *from, struct path *base)
{
	struct path root;

	*base = *from;
	path_get(base);
	while (follow_up(base))
		;
	/* @base is on the namespace's lowest mount; find the topmost one mounted over it. */
	root.mnt = mntget(base->mnt);
	root.dentry = dget(base->mnt->mnt_root);
	path_put(base);
	*base = root;
	while (follow_down_one(base))
		;
}

/*
 * Does the error of a lookup mean that the caller does not see what was looked up?  Other
 * errors (-ENOMEM, -EIO, -ESTALE) say nothing about it.
 */
static bool is_absent(int err)
{
	return err == -ENOENT || err == -ENOTDIR || err == -EACCES ||
	       err == -ELOOP || err == -ENAMETOOLONG;
}

/*
 * Is @path a farm that an administrator created by hand: a directory that only root
 * can change, with chosfs mounted at its proc/chos?  May sleep.
 * Returns 0 if it is, -EXDEV if not, or another error of the lookup of proc/chos.
 */
static int check_plain_farm(const struct path *path)
{
	const struct inode *inode = d_inode(path->dentry);
	struct path chos;
	bool is_farm;
	int err;

	if (!uid_eq(inode->i_uid, GLOBAL_ROOT_UID) || inode->i_mode & 022)
		return -EXDEV;
	err = vfs_path_lookup(path->dentry, path->mnt, "proc/chos",
			      LOOKUP_DIRECTORY, &chos);
	if (err)
		return is_absent(err) ? -EXDEV : err;
	is_farm = chos_is_fs_root(&chos);
	path_put(&chos);
	return is_farm ? 0 : -EXDEV;
}

/*
 * Looks up the directory that the parameter farm= names below @base, and checks that
 * it is a farm.  Symbolic links are not followed: guard.c compares paths with the
 * parameter.  May sleep.
 */
static int find_farm(const struct path *base, struct path *farm)
{
	struct path found;
	int err;

	err = vfs_path_lookup(base->dentry, base->mnt, chos_farm_param + 1,
			      LOOKUP_NO_SYMLINKS | LOOKUP_DIRECTORY, &found);
	if (err)
		return err;
	if (!chos_is_farm(found.dentry))
		err = path_equal(&found, base) ? -EXDEV : check_plain_farm(&found);
	if (err)
		path_put(&found);
	else
		*farm = found;
	return err;
}

/*
 * Finds out where the current process is.  If @leaving is set, a process in the farm
 * gets @base as well.  May sleep.  The caller must call place_put(), even after an
 * error.
 * Returns 0, -EXDEV if the process is neither at the base root nor in the farm, or an
 * error of the lookup of the farm.
 */
static int place_get(struct place *place, bool leaving)
{
	int err;

	memset(place, 0, sizeof(*place));
	get_fs_root(current->fs, &place->root);
	if (current_user_ns() != &init_user_ns)
		return -EXDEV;
	/* Switching OSs inside a farm keeps the root, so any bind mount of the farm is fine. */
	place->in_farm = chos_is_farm(place->root.dentry);
	if (place->in_farm && !leaving) {
		place->farm = place->root;
		path_get(&place->farm);
		return 0;
	}
	namespace_root(&place->root, &place->base);
	if (!place->in_farm && path_equal(&place->root, &place->base)) {
		/* Already in the base OS: leaving is a no-op and needs no farm. */
		return leaving ? 0 : find_farm(&place->base, &place->farm);
	}
	/*
	 * An unrelated chroot could look like a farm.  Only the farm that the parameter
	 * farm= names below the base root counts.
	 */
	err = find_farm(&place->base, &place->farm);
	if (err)
		return is_absent(err) ? -EXDEV : err;
	place->in_farm = path_equal(&place->root, &place->farm);
	return place->in_farm ? 0 : -EXDEV;
}

/*
 * Does every live thread of the current process use @fs, and no other task?
 *
 * The caller holds the lock of @fs, so no thread can stop using it.  A thread that is
 * being cloned counts as another task until it is in the list of threads; but one that
 * gets its own root, without CLONE_FS, is not seen until then: guard.c copes with it.  A
 * thread with its own root that is exiting is ignored: it does no more lookups, and
 * pthread_join(3) may already have returned.
 * Takes the RCU read lock; does not sleep.
 */
static bool fs_is_ours(const struct fs_struct *fs)
{
	struct task_struct *t;
	int ours = 0;

	rcu_read_lock();
	for_each_thread(current, t) {
		const struct fs_struct *thread_fs = chos_task_fs(t);

		if (thread_fs == fs) {
			ours++;
		} else if (thread_fs && !(READ_ONCE(t->flags) & PF_EXITING)) {
			ours = -1;
			break;
		}
	}
	rcu_read_unlock();
	return ours == fs->users;
}

/* Takes the lock of @fs; does not sleep. */
static bool fs_is_shared(struct fs_struct *fs)
{
	bool shared;

	chos_fs_lock(fs);
	shared = fs->users != 1;
	chos_fs_unlock(fs);
	return shared;
}

/*
 * May the current process be moved?  Its root and working directory must be those that
 * were checked before.  If it has several threads, all of them must share @fs, and
 * none may be inside execve(2): its program and its ELF interpreter would come from
 * different OSs.  Since 6.8, execve(2) opens the program before it sets in_exec; the
 * guard sees to it that such a program gains nothing.
 * The lock of @fs is held.
 */
static bool may_move(const struct fs_struct *fs, const struct place *place,
		     const struct path *pwd)
{
	if (!path_equal(&fs->root, &place->root) || !path_equal(&fs->pwd, pwd))
		return false;
	return thread_group_empty(current) || (!fs->in_exec && fs_is_ours(fs));
}

/*
 * The critical section of a move: swaps the root directory of the current process with
 * *@new_root and its working directory with *@new_pwd, and stores the word for @id in
 * @slot.  NULL for @new_root or @new_pwd keeps that directory.
 * Takes the lock of its fs_struct; does not sleep.
 * Returns 0; or -EBUSY if may_move() forbids the move, with nothing changed.
 */
static int swap_root(const struct place *place, const struct path *pwd,
		     struct path *new_root, struct path *new_pwd,
		     u64 *slot, unsigned int id)
{
	struct fs_struct *fs = current->fs;
	int err = 0;

	chos_fs_lock(fs);
	if (may_move(fs, place, pwd)) {
		/* Pairs with the dependent loads that lead from the word to the OS's links. */
		smp_store_release(slot, chos_word_for(current, id));
		if (new_root)
			swap(fs->root, *new_root);
		if (new_pwd)
			swap(fs->pwd, *new_pwd);
	} else {
		err = -EBUSY;
	}
	chos_fs_unlock(fs);
	return err;
}

/*
 * Moves the current process from the root of @place to @root and makes @id its OS.
 * May sleep; takes the lock of its fs_struct.
 * Returns 0; -ENOMEM; or -EBUSY if another thread interfered or the process shares its
 * root with another process.  After an error nothing has changed.
 */
static int root_move(const struct place *place, const struct path *root,
		     unsigned int id)
{
	struct path new_root = *root, new_pwd = *root, pwd;
	bool pwd_stays, root_stays = path_equal(&place->root, root);
	int err = 0;
	u64 *slot;

	slot = chos_table_get(current->tgid, GFP_KERNEL);
	if (!slot)
		return -ENOMEM;
	get_fs_pwd(current->fs, &pwd);
	pwd_stays = path_is_under(&pwd, root);
	if (!(root_stays && pwd_stays) && thread_group_empty(current) &&
	    fs_is_shared(current->fs))
		err = unshare_fs_struct();
	if (err)
		goto out;

	if (!root_stays)
		path_get(&new_root);
	if (!pwd_stays)
		path_get(&new_pwd);
	err = swap_root(place, &pwd, root_stays ? NULL : &new_root,
			pwd_stays ? NULL : &new_pwd, slot, id);
	/* These are the old paths now, or the new ones after an error. */
	if (!root_stays)
		path_put(&new_root);
	if (!pwd_stays)
		path_put(&new_pwd);
out:
	path_put(&pwd);
	return err;
}

/**
 * chos_root_enter - move the current process into an OS
 * @os: the OS, for which chos_os_prepare() succeeded
 * @refusal: the error if the process is not in the farm; 0 if it may enter from outside
 *
 * Context: may sleep.
 * Return: 0, or an errno of chos/abi.h, in which case nothing has changed.
 */
int chos_root_enter(struct chos_os *os, int refusal)
{
	struct place place;
	struct path tree;
	int err;

	err = place_get(&place, false);
	if (!err && !place.in_farm)
		err = refusal;
	if (err)
		goto out;
	err = vfs_path_lookup(place.farm.dentry, place.farm.mnt, os->tree,
			      LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &tree);
	if (err) {
		pr_notice_ratelimited("cannot enter %s: lookup of its tree at %s in the farm failed with error %d\n",
				      os->name, os->path, err);
		goto out;
	}
	path_put(&tree);
	err = root_move(&place, &place.farm, os->id);
out:
	place_put(&place);
	return err;
}

/**
 * chos_root_leave - move the current process back to the base OS
 *
 * Context: may sleep.
 * Return: 0, or an errno of chos/abi.h, in which case nothing has changed.
 */
int chos_root_leave(void)
{
	struct place place;
	int err;

	err = place_get(&place, true);
	if (!err)
		err = root_move(&place, &place.base, CHOS_ID_BASE);
	place_put(&place);
	return err;
}
