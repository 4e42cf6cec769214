// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <linux/fs.h>
void chos_probe(struct inode *inode);
void chos_probe(struct inode *inode)
{
	simple_inode_init_ts(inode);
}
