// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * The links that resolve differently for each process: /proc/chos/link, and the
 * links of the farm.  Nothing is allocated, locked or referenced: the strings
 * live until unload, and the word of the reader is one load.  So a path walk
 * through them stays in RCU mode.
 */
#include <linux/err.h>

#include "chos.h"

/* Context: RCU-walk (@dentry is NULL) or process context. */
static const char *link_get(struct dentry *dentry, struct inode *inode,
			    struct delayed_call *done)
{
	return chos_os_of_current()->path;
}

/* Context: as above.  The inode's i_private is the index of the name. */
static const char *farm_link_get(struct dentry *dentry, struct inode *inode,
				 struct delayed_call *done)
{
	unsigned long index = (unsigned long)inode->i_private;
	const char **links = READ_ONCE(chos_os_of_current()->links);

	/* An OS is prepared before anybody enters it, so links is there. */
	return links ? READ_ONCE(links[index]) : ERR_PTR(-ENOENT);
}

const struct inode_operations chos_link_iops = {
	.get_link = link_get,
};

const struct inode_operations chos_farm_link_iops = {
	.get_link = farm_link_get,
};
