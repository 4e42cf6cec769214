/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * Differences between kernels 5.10 to 7.3 that affect the module: one wrapper per
 * difference, newest kernel first.  Because distributions backport changes, the
 * conditions are not version numbers but compile probes: Kbuild defines
 * CHOS_HAVE_X if probe/X.c compiles.
 */
#ifndef CHOS_COMPAT_H
#define CHOS_COMPAT_H

#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/namei.h>
#include <linux/sched.h>
#include <linux/seqlock.h>

/*
 * Locks fs_struct for writing.  7.2 replaced lock and seq with one seqlock.
 * It is a spinlock: the holder must not sleep or take another lock.
 */
#ifdef CHOS_HAVE_FS_SEQLOCK
static inline void chos_fs_lock(struct fs_struct *fs)
{
	write_seqlock(&fs->seq);
}

static inline void chos_fs_unlock(struct fs_struct *fs)
{
	write_sequnlock(&fs->seq);
}
#else
static inline void chos_fs_lock(struct fs_struct *fs)
{
	spin_lock(&fs->lock);
	write_seqcount_begin(&fs->seq);
}

static inline void chos_fs_unlock(struct fs_struct *fs)
{
	write_seqcount_end(&fs->seq);
	spin_unlock(&fs->lock);
}
#endif

/*
 * Makes a new dentry from d_alloc_name() visible with @inode until the superblock
 * is destroyed.  Consumes the caller's references.  Before d_make_persistent() (7.0),
 * the reference from d_alloc_name() pinned the dentry, and kill_litter_super()
 * dropped it.  May sleep.
 */
#ifdef CHOS_HAVE_D_MAKE_PERSISTENT
static inline void chos_d_publish(struct dentry *dentry, struct inode *inode)
{
	d_make_persistent(dentry, inode);
	dput(dentry);
}

/* The kill_sb of chosfs; may sleep. */
static inline void chos_kill_super(struct super_block *sb)
{
	kill_anon_super(sb);
}
#else
static inline void chos_d_publish(struct dentry *dentry, struct inode *inode)
{
	d_add(dentry, inode);
}

static inline void chos_kill_super(struct super_block *sb)
{
	kill_litter_super(sb);
}
#endif

/* Sets all times of an inode to now.  The fields became private in 6.7. */
#ifdef CHOS_HAVE_SIMPLE_INODE_INIT_TS
static inline void chos_inode_init_times(struct inode *inode)
{
	simple_inode_init_ts(inode);
}
#else
static inline void chos_inode_init_times(struct inode *inode)
{
	inode->i_atime = current_time(inode);
	inode->i_mtime = inode->i_atime;
	inode->i_ctime = inode->i_atime;
}
#endif

/*
 * A proposed kernel change counts extra references to fs_struct's pwd.  With it, a
 * swap of pwd that ignores the count would drop references that were never taken.
 */
#ifdef CHOS_HAVE_FS_PWD_REFS
#error "fs_struct has pwd_refs: root.c must handle them when it swaps pwd"
#endif

/*
 * The fs_struct that counts @t as a user.  7.2 separated the fs_struct that a task
 * owns (real_fs) from the one that it uses for lookups (fs); they differ only while
 * a kernel function overrides the latter.  @t's task_struct must stay allocated; the
 * result is for comparison and may be freed at any time.
 */
#ifdef CHOS_HAVE_TASK_REAL_FS
static inline const struct fs_struct *chos_task_fs(const struct task_struct *t)
{
	return READ_ONCE(t->real_fs);
}
#else
static inline const struct fs_struct *chos_task_fs(const struct task_struct *t)
{
	return READ_ONCE(t->fs);
}
#endif

/* The first argument of setattr: an idmap since 6.3, a user namespace since 5.12, else none. */
#if defined(CHOS_HAVE_SETATTR_IDMAP)
#define CHOS_IDMAP_ARG struct mnt_idmap *idmap,
#elif defined(CHOS_HAVE_SETATTR_USERNS)
#define CHOS_IDMAP_ARG struct user_namespace *userns,
#else
#define CHOS_IDMAP_ARG
#endif

/*
 * vfs_path_lookup() is exported in all kernels; 6.4 moved its declaration from
 * fs/internal.h to linux/namei.h.
 */
#ifndef CHOS_HAVE_VFS_PATH_LOOKUP
int vfs_path_lookup(struct dentry *dentry, struct vfsmount *mnt,
		    const char *name, unsigned int flags, struct path *path);
#endif

#endif /* CHOS_COMPAT_H */
