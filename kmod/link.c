// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * The symbolic links whose target depends on the reading process: /proc/chos/link
 * and the links in the farm.  Reading one takes no lock, no reference and no memory:
 * the reader's word is a single load, and the strings live until unload.  A path
 * walk through these links therefore stays in RCU mode.
 */
#include <linux/err.h>

#include "fast.h"

/*
 * The OS of the process that reads the link @dentry, which is NULL in an RCU walk: that is
 * inside a read-side critical section.  The strings of the OS live until unload.
 */
static const struct chos_os *reader_os(const struct dentry *dentry)
{
	return dentry ? chos_os_of_current() : chos_os_by_id(chos_id_of(current));
}

/* Context: RCU-walk (@dentry is NULL) or process context. */
static const char *link_get(struct dentry *dentry, struct inode *inode,
			    struct delayed_call *done)
{
	return reader_os(dentry)->path;
}

/*
 * The inode's i_private is the index of the link in the layout.
 * Context: RCU-walk (@dentry is NULL) or process context.
 */
static const char *farm_link_get(struct dentry *dentry, struct inode *inode,
				 struct delayed_call *done)
{
	unsigned long index = (unsigned long)inode->i_private;
	const char **links = READ_ONCE(reader_os(dentry)->links);

	/* Never NULL: chos_os_prepare() sets it before a process enters the OS. */
	return links ? READ_ONCE(links[index]) : ERR_PTR(-ENOENT);
}

const struct inode_operations chos_link_iops = {
	.get_link = link_get,
	.setattr = chos_setattr,
};

const struct inode_operations chos_farm_link_iops = {
	.get_link = farm_link_get,
	.setattr = chos_setattr,
};
