// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <linux/fs.h>
int chos_probe(const struct inode_operations *ops, struct user_namespace *userns);
int chos_probe(const struct inode_operations *ops, struct user_namespace *userns)
{
	return ops->setattr(userns, NULL, NULL);
}
