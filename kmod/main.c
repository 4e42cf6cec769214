// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* Module parameters, initialization, and cleanup in the reverse order. */
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "chos.h"

static bool mount = true;
module_param(mount, bool, 0444);
MODULE_PARM_DESC(mount, "run /bin/mount at load to mount chosfs at " CHOS_MOUNT " (default 1)");

static bool track = true;
module_param(track, bool, 0444);
MODULE_PARM_DESC(track, "inherit the OS at fork; 0: look it up in the ancestors at first use (default 1)");

module_param_named(farm, chos_farm_param, charp, 0444);
MODULE_PARM_DESC(farm, "path of the farm as seen from the base root (default " CHOS_FARM_DEFAULT ")");

static int __init chos_init(void)
{
	int err;

	if (!chos_path_ok(chos_farm_param) || !chos_farm_param[1]) {
		pr_err("farm=: expected an absolute path other than /\n");
		return -EINVAL;
	}
	err = chos_inherit_init(track);
	if (err)
		return err;
	err = chos_guard_init();
	if (err)
		goto exit_inherit;
	err = chos_fs_init();
	if (err)
		goto exit_guard;
	/* Init must not fail after this: a mount may exist and use the module. */
	if (mount)
		chos_fs_mount();
	pr_info("version %s, farm %s, fork tracking %s\n", CHOS_RELEASE,
		chos_farm_param, chos_inherit_state());
	return 0;
exit_guard:
	chos_guard_exit();
exit_inherit:
	chos_inherit_exit();
	/* A probe may have allocated a page of the table, if forks are not tracked. */
	chos_table_exit();
	return err;
}

static void __exit chos_exit(void)
{
	chos_fs_exit();
	chos_guard_exit();
	chos_inherit_exit();
	/*
	 * No mount and no probe is left.  A path walk that began earlier may still
	 * use a string of an OS until the grace period ends.
	 */
	synchronize_rcu();
	chos_layout_exit();
	chos_allow_exit();
	chos_os_exit();
	chos_targets_exit();
	chos_table_exit();
}

module_init(chos_init);
module_exit(chos_exit);

MODULE_AUTHOR("the chos authors");
MODULE_DESCRIPTION("Many Linux distributions on one node, by symbolic links that resolve per process");
MODULE_LICENSE("Dual BSD/GPL");
MODULE_VERSION(CHOS_RELEASE);
