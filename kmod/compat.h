/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * Every difference between kernels 5.10 and 7.3 that the module meets, one
 * wrapper each, newest kernel first.  Conditions are compile probes (probe/,
 * run by Kbuild) since distributions backport; CHOS_HAVE_X is set when
 * probe/X.c compiles.
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
 * Write side of fs_struct.  7.2 replaced lock + seq by one seqlock.
 * Spin lock; nothing may sleep or take another lock under it.
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
 * Makes a fresh dentry of d_alloc_name() visible with @inode, to stay until the
 * superblock dies; consumes the caller's reference.  Before d_make_persistent()
 * (7.0) that reference itself kept the dentry, dropped by kill_litter_super().
 */
#ifdef CHOS_HAVE_D_MAKE_PERSISTENT
static inline void chos_d_publish(struct dentry *dentry, struct inode *inode)
{
	d_make_persistent(dentry, inode);
	dput(dentry);
}

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

/* All of an inode's times are now.  The fields became private in 6.7. */
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
 * Extra references on fs_struct's pwd were once proposed; a swap of the pwd that does
 * not know of them would put references that nobody took.
 */
#ifdef CHOS_HAVE_FS_PWD_REFS
#error "fs_struct has pwd_refs: teach root.c to drop them"
#endif

/*
 * The fs_struct that counts @t among its users.  7.2 split what a task counts
 * on from what it looks through; they differ only inside a kernel function.
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

/* The first argument of setattr: none, a user namespace from 5.12, an idmap from 6.3. */
#if defined(CHOS_HAVE_SETATTR_IDMAP)
#define CHOS_IDMAP_ARG struct mnt_idmap *idmap,
#elif defined(CHOS_HAVE_SETATTR_USERNS)
#define CHOS_IDMAP_ARG struct user_namespace *userns,
#else
#define CHOS_IDMAP_ARG
#endif

/*
 * Exported in all kernels, for others than its home; its declaration moved from
 * fs/internal.h to linux/namei.h in 6.4.
 */
#ifndef CHOS_HAVE_VFS_PATH_LOOKUP
int vfs_path_lookup(struct dentry *dentry, struct vfsmount *mnt,
		    const char *name, unsigned int flags, struct path *path);
#endif

#endif /* CHOS_COMPAT_H */
