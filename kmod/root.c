// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Moving the current process: its root directory becomes the farm or the base
 * root, and its word in the table says so, in one critical section.
 *
 * Everything is checked first; what can still fail then, fails before the swap.
 */
#include <linux/fs_struct.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/user_namespace.h>

#include "chos.h"
#include "compat.h"

char *chos_farm_param = CHOS_FARM_DEFAULT;

/**
 * struct place - where the current process is
 * @root: its root directory
 * @base: the root of its mount namespace
 * @farm: the farm: its root when @in_farm, else where the parameter farm= points
 * @in_farm: its root is a farm
 *
 * Holds a reference on each path that is set.
 */
struct place {
	struct path root, base, farm;
	bool in_farm;
};

static void place_put(struct place *place)
{
	path_put(&place->root);
	path_put(&place->base);
	path_put(&place->farm);
}

/* The root of the mount namespace that @from is mounted in.  May sleep. */
static void namespace_root(const struct path *from, struct path *base)
{
	struct path root;

	*base = *from;
	path_get(base);
	while (follow_up(base))
		;
	/* Now on the first mount of the namespace; the visible one covers it. */
	root.mnt = mntget(base->mnt);
	root.dentry = dget(base->mnt->mnt_root);
	path_put(base);
	*base = root;
	while (follow_down_one(base))
		;
}

/*
 * Is @path a farm that an admin made by hand: a directory that only root can
 * change, with chosfs at its proc/chos?  May sleep.
 */
static bool is_plain_farm(const struct path *path)
{
	const struct inode *inode = d_inode(path->dentry);
	struct path chos;
	bool yes;

	if (!uid_eq(inode->i_uid, GLOBAL_ROOT_UID) || inode->i_mode & 022)
		return false;
	if (vfs_path_lookup(path->dentry, path->mnt, "proc/chos",
			    LOOKUP_DIRECTORY, &chos))
		return false;
	yes = chos_is_mount(&chos);
	path_put(&chos);
	return yes;
}

/* The farm as the parameter farm= names it below @base.  May sleep. */
static int find_farm(const struct path *base, struct path *farm)
{
	struct path found;
	int err;

	err = vfs_path_lookup(base->dentry, base->mnt, chos_farm_param + 1,
			      LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &found);
	if (err)
		return err;
	if (!chos_is_farm(&found) &&
	    (path_equal(&found, base) || !is_plain_farm(&found))) {
		path_put(&found);
		return -EXDEV;
	}
	*farm = found;
	return 0;
}

/*
 * Finds out where the current process is.  May sleep.
 * @leaving: the base root is wanted even if the root is plainly the farm
 * -EXDEV: neither at the base root nor in the farm.
 */
static int place_get(struct place *place, bool leaving)
{
	int err;

	memset(place, 0, sizeof(*place));
	get_fs_root(current->fs, &place->root);
	if (current_user_ns() != &init_user_ns)
		return -EXDEV;
	/* Any bind of the farm will do to switch within it: the root stays what it is. */
	place->in_farm = chos_is_farm(&place->root);
	if (place->in_farm && !leaving) {
		place->farm = place->root;
		path_get(&place->farm);
		return 0;
	}
	namespace_root(&place->root, &place->base);
	if (!place->in_farm && path_equal(&place->root, &place->base)) {
		/* To leave from here is nothing to do and needs no farm. */
		return leaving ? 0 : find_farm(&place->base, &place->farm);
	}
	/*
	 * Someone else's chroot may well look like a farm of its own; the farm is the one
	 * that the base root leads to, and nothing else.
	 */
	err = find_farm(&place->base, &place->farm);
	if (err)
		return -EXDEV;
	place->in_farm = path_equal(&place->root, &place->farm);
	return place->in_farm ? 0 : -EXDEV;
}

/*
 * Does every live thread of the current process, and nobody else, use @fs?
 * @fs is locked, so no thread leaves it; one that is being cloned counts as a
 * stranger until it is in the list.  An exiting thread with a root of its own is
 * no obstacle: it looks nothing up any more, and pthread_join(3) may have returned.
 */
static bool fs_is_ours(const struct fs_struct *fs)
{
	struct task_struct *t;
	int ours = 0;

	rcu_read_lock();
	for_each_thread(current, t) {
		const struct fs_struct *its = chos_task_fs(t);

		if (its == fs) {
			ours++;
		} else if (its && !(READ_ONCE(t->flags) & PF_EXITING)) {
			ours = -1;
			break;
		}
	}
	rcu_read_unlock();
	return ours == fs->users;
}

static bool fs_is_shared(struct fs_struct *fs)
{
	bool shared;

	chos_fs_lock(fs);
	shared = fs->users != 1;
	chos_fs_unlock(fs);
	return shared;
}

/*
 * May the current process be moved now?  @fs is locked.  Alone, it is its own
 * master.  With other threads, all of them must share @fs and none may be inside
 * execve(2): its interpreter would come from another OS than its program.
 */
static bool may_move(const struct fs_struct *fs, const struct place *place,
		     const struct path *pwd)
{
	if (!path_equal(&fs->root, &place->root) || !path_equal(&fs->pwd, pwd))
		return false;
	return thread_group_empty(current) || (!fs->in_exec && fs_is_ours(fs));
}

/*
 * The swap: from @place's root to @root, with @id as the new OS.  May sleep.
 * -EBUSY when the process changed under us or does not own its root
 * directory, -ENOMEM; nothing has changed then.
 */
static int root_move(const struct place *place, const struct path *root,
		unsigned int id)
{
	struct path new_root = *root, new_pwd = *root, pwd;
	bool pwd_stays, root_stays = path_equal(&place->root, root);
	struct fs_struct *fs;
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
	fs = current->fs;
	chos_fs_lock(fs);
	if (may_move(fs, place, &pwd)) {
		/* Pairs with the dependent loads from the number to the OS's links. */
		smp_store_release(slot, chos_word_for(current, id));
		if (!root_stays)
			swap(fs->root, new_root);
		if (!pwd_stays)
			swap(fs->pwd, new_pwd);
	} else {
		err = -EBUSY;
	}
	chos_fs_unlock(fs);
	/* The old ones now, or after an error those that were not needed. */
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
 * @os: an OS that it may enter, prepared
 * @refusal: what a process gets that is not in the farm, 0 if it may come from outside
 *
 * Context: may sleep.  Return: 0 or an errno of chos/abi.h; nothing has changed then.
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
		pr_notice_ratelimited("the tree of %s at %s in the farm cannot be entered: error %d\n",
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
 * Context: may sleep.  Return: 0 or an errno of chos/abi.h; nothing has changed then.
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
