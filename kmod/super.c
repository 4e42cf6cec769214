// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * chosfs, the file system at /proc/chos.  It lives in memory and has one superblock
 * for all its mounts.  Its files are fixed, except for the names in the farm.  A
 * mount pins the module, so the module is never unloaded during a path walk.
 */
#include <linux/fs_context.h>
#include <linux/kmod.h>
#include <linux/magic.h>
#include <linux/module.h>
#include <linux/proc_fs.h>

#include "chos.h"
#include "compat.h"

/* A file or directory that each superblock of chosfs has. */
struct chos_file {
	const char *name;
	umode_t mode;
	const struct file_operations *fops;
	const struct inode_operations *iops;
};

static const struct chos_file chos_files[] = {
	{ "link", S_IFLNK | 0777, .iops = &chos_link_iops },
	{ "setchos", S_IFREG | 0666, &chos_setchos_fops },
	{ "valid", S_IFREG | 0600, &chos_valid_fops },
	{ "processes", S_IFREG | 0444, &chos_processes_fops },
	{ "layout", S_IFREG | 0600, &chos_layout_fops },
	{ "usage", S_IFREG | 0400, &chos_usage_fops },
	{ "version", S_IFREG | 0444, &chos_version_fops },
};

static const struct super_operations chos_super_ops = {
	.statfs = simple_statfs,
};

/*
 * Adds @file to @dir in a superblock that is not visible yet.  May sleep.
 * Returns the dentry, which stays valid as long as the superblock, or NULL if memory
 * is short.
 */
static struct dentry *chosfs_add(struct dentry *dir, const struct chos_file *file)
{
	struct dentry *dentry = d_alloc_name(dir, file->name);
	struct inode *inode = chos_inode(dir->d_sb, file->mode);

	if (!dentry || !inode) {
		dput(dentry);
		iput(inode);
		return NULL;
	}
	if (file->fops) {
		inode->i_op = &chos_file_iops;
		inode->i_fop = file->fops;
	}
	if (file->iops)
		inode->i_op = file->iops;
	if (S_ISDIR(file->mode))
		inc_nlink(d_inode(dir));
	chos_d_publish(dentry, inode);
	return dentry;
}

/*
 * Sets s_fs_info to the dentry of the farm.  After an error, the VFS calls kill_sb,
 * which removes what was created.  May sleep; s_umount is held for writing.
 */
static int fill_super(struct super_block *sb, struct fs_context *fc)
{
	static const struct chos_file farm_dir = {
		"farm", S_IFDIR | 0755, .iops = &chos_farm_iops
	};
	struct dentry *farm;
	struct inode *root;
	unsigned int i;

	sb->s_magic = CHOS_FS_MAGIC;
	sb->s_op = &chos_super_ops;
	sb->s_blocksize = PAGE_SIZE;
	sb->s_blocksize_bits = PAGE_SHIFT;
	sb->s_time_gran = 1;
	sb->s_iflags |= SB_I_NOEXEC | SB_I_NODEV;

	root = chos_inode(sb, S_IFDIR | 0755);
	if (!root)
		return -ENOMEM;
	sb->s_root = d_make_root(root);
	if (!sb->s_root)
		return -ENOMEM;
	for (i = 0; i < ARRAY_SIZE(chos_files); i++) {
		if (!chosfs_add(sb->s_root, &chos_files[i]))
			return -ENOMEM;
	}
	farm = chosfs_add(sb->s_root, &farm_dir);
	if (!farm)
		return -ENOMEM;
	sb->s_fs_info = farm;
	return chos_layout_fill(farm);
}

static int get_tree(struct fs_context *fc)
{
	return get_tree_single(fc, fill_super);
}

static const struct fs_context_operations chos_context_ops = {
	.get_tree = get_tree,
};

static int init_fs_context(struct fs_context *fc)
{
	fc->ops = &chos_context_ops;
	return 0;
}

/*
 * FS_USERNS_MOUNT is not set: only the administrator of the machine may mount chosfs.
 * There is no module alias: a user's mount(2) must not load the module.
 */
static struct file_system_type chos_fs_type = {
	.owner = THIS_MODULE,
	.name = CHOS_FS_TYPE,
	.init_fs_context = init_fs_context,
	.kill_sb = chos_kill_super,
};

/**
 * chos_fs_mount - run /bin/mount to mount chosfs at /proc/chos
 *
 * A failure is only logged, with the command that the administrator can run.
 * Context: may sleep; waits for the command to exit.
 */
void chos_fs_mount(void)
{
	static const char *const argv[] = {
		"/bin/mount", "-n", "-t", CHOS_FS_TYPE, CHOS_FS_TYPE, CHOS_MOUNT, NULL
	};
	static const char *const envp[] = {
		"HOME=/", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL
	};
	int err = call_usermodehelper(argv[0], (char **)argv, (char **)envp,
				      UMH_WAIT_PROC);

	if (err)
		pr_warn("%s failed with %d; to mount chosfs, run: mount -t %s %s %s\n",
			argv[0], err, CHOS_FS_TYPE, CHOS_FS_TYPE, CHOS_MOUNT);
}

/* Called at module init; may sleep.  Returns 0, -ENOMEM or -EBUSY. */
int chos_fs_init(void)
{
	int err;

	if (!proc_create_mount_point("chos"))
		return -ENOMEM;
	err = register_filesystem(&chos_fs_type);
	if (err)
		remove_proc_entry("chos", NULL);
	return err;
}

/* Called at module exit; may sleep.  No superblock exists: it would pin the module. */
void chos_fs_exit(void)
{
	unregister_filesystem(&chos_fs_type);
	remove_proc_entry("chos", NULL);
}
