// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * The inodes of chosfs and what they allow, and how a farm and the root of chosfs
 * are known by theirs.
 */
#include <linux/fs.h>

#include "chos.h"
#include "compat.h"

/*
 * Modes, owners and times of chosfs are fixed; a truncation, as by a shell's
 * redirection, does nothing.
 */
static int chos_setattr(CHOS_IDMAP_ARG struct dentry *dentry, struct iattr *attr)
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

/* Its own, so that a farm is known by it. */
const struct inode_operations chos_farm_iops = {
	.lookup = simple_lookup,
	.setattr = chos_setattr,
};

/**
 * chos_inode - a fresh inode of chosfs, owned by root
 * @sb: the superblock
 * @mode: type and permissions; directories get their operations
 *
 * Context: may sleep.  Return: the inode or NULL.
 */
struct inode *chos_inode(struct super_block *sb, umode_t mode)
{
	struct inode *inode = new_inode(sb);

	if (!inode)
		return NULL;
	inode->i_ino = get_next_ino();
	inode->i_mode = mode;
	/* Else touch_atime() would take a walk out of RCU mode now and then. */
	inode->i_flags |= S_NOATIME | S_NOCMTIME;
	chos_inode_init_times(inode);
	if (S_ISDIR(mode)) {
		inode->i_op = &chos_dir_iops;
		inode->i_fop = &simple_dir_operations;
		set_nlink(inode, 2);
	}
	return inode;
}

/* Is this the farm of chosfs, wherever it is bound?  Any context with a reference. */
bool chos_is_farm(const struct path *path)
{
	return d_inode(path->dentry)->i_op == &chos_farm_iops;
}

/*
 * Is this the root of chosfs?  Its inode is a directory of chosfs then, and the
 * dentry the root of its superblock.  Any context with a reference.
 */
bool chos_is_mount(const struct path *path)
{
	return d_inode(path->dentry)->i_op == &chos_dir_iops &&
	       path->dentry == path->dentry->d_sb->s_root;
}
