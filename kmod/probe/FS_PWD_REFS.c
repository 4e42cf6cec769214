// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#include <linux/fs_struct.h>
int chos_probe(struct fs_struct *fs);
int chos_probe(struct fs_struct *fs)
{
	return fs->pwd_refs;
}
