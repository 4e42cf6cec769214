// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * The inodes of chosfs, their fixed attributes, and tests that identify a farm and
 * the root of chosfs by their inode operations.
 */
#include <linux/fs.h>

#include "chos.h"
#include "compat.h"

/**
 * chos_setattr - refuse to change what is fixed
 * @dentry: a file, directory or link of chosfs
 * @attr: the changes
 *
 * Modes and owners in chosfs are fixed.  Other changes succeed without effect, so
 * that a shell's redirection, which truncates the file, works.
 *
 * Context: the VFS holds the inode's lock.
 * Return: 0 or -EPERM.
 */
int chos_setattr(CHOS_IDMAP_ARG struct dentry *dentry, struct iattr *attr)
{
	return attr->ia_valid & (ATTR_MODE | ATTR_UID | ATTR_GID) ? -EPERM : 0;
}

const struct inode_operations chos_file_iops = {
	.setattr = chos_setattr,
};

static const struct inode_operations chos_dir_iops = {
	.lookup = simple_lookup,
	.setattr = chos_setattr,
};

/* Equal to chos_dir_iops, but a separate object: chos_is_farm() compares its address. */
const struct inode_operations chos_farm_iops = {
	.lookup = simple_lookup,
	.setattr = chos_setattr,
};

/**
 * chos_inode - allocate an inode of chosfs that belongs to root
 * @sb: the superblock
 * @mode: type and permissions; a directory also gets its operations
 *
 * Context: may sleep.  Return: the inode, or NULL if memory is short.
 */
struct inode *chos_inode(struct super_block *sb, umode_t mode)
{
	struct inode *inode = new_inode(sb);

	if (!inode)
		return NULL;
	inode->i_ino = get_next_ino();
	inode->i_mode = mode;
	/* Without S_NOATIME, touch_atime() would make some walks leave RCU mode. */
	inode->i_flags |= S_NOATIME | S_NOCMTIME;
	chos_inode_init_times(inode);
	if (S_ISDIR(mode)) {
		inode->i_op = &chos_dir_iops;
		inode->i_fop = &simple_dir_operations;
		set_nlink(inode, 2);
	}
	return inode;
}

/*
 * Is @dentry chosfs's farm, at any mount or bind mount of it?
 * Context: any; the caller holds a reference to @dentry or the RCU read lock.
 */
bool chos_is_farm(const struct dentry *dentry)
{
	const struct inode *inode = d_inode_rcu(dentry);

	return inode && inode->i_op == &chos_farm_iops;
}

/*
 * Is @path the root directory of chosfs?  The operations tell that the inode belongs
 * to chosfs.
 * Context: any; the caller holds a reference to @path, which is not negative.
 */
bool chos_is_fs_root(const struct path *path)
{
	return d_inode(path->dentry)->i_op == &chos_dir_iops &&
	       path->dentry == path->dentry->d_sb->s_root;
}
