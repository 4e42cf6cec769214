// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Mistakes on purpose, for the self-check of the campaign: a copy of the module that is
 * built with this file makes the mistake whose name is written to its parameter
 * "broken".  The kernel must report each of them, and the campaign must fail.
 */
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

static DEFINE_MUTEX(chos_broken_a);
static DEFINE_MUTEX(chos_broken_b);
static DEFINE_SPINLOCK(chos_broken_spin);
static volatile int chos_broken_shift = 40;
static int chos_broken_race;

/* Takes the two locks in both orders. */
static void broken_order(void)
{
	mutex_lock(&chos_broken_a);
	mutex_lock(&chos_broken_b);
	mutex_unlock(&chos_broken_b);
	mutex_unlock(&chos_broken_a);
	mutex_lock(&chos_broken_b);
	mutex_lock(&chos_broken_a);
	mutex_unlock(&chos_broken_a);
	mutex_unlock(&chos_broken_b);
}

/* An allocation that may sleep; this one does not, so the kernel survives. */
static void broken_sleep(void)
{
	spin_lock(&chos_broken_spin);
	kfree(kmalloc(40, GFP_KERNEL));
	spin_unlock(&chos_broken_spin);
}

/* Reads a byte of freed memory. */
static void broken_after_free(void)
{
	char *volatile block = kmalloc(40, GFP_KERNEL);

	if (!block)
		return;
	memset(block, 1, 40);
	kfree(block);
	pr_info("broken: %d\n", block[8]);
}

/* Nothing refers to the memory afterwards. */
static noinline void broken_leak(void)
{
	int i;

	for (i = 0; i < 20; i++) {
		void *volatile block = kmalloc(200, GFP_KERNEL);

		(void)block;
	}
}

/* Whole pages, which kmemleak does not see. */
static noinline void broken_pages(void)
{
	int i;

	for (i = 0; i < 3; i++) {
		volatile unsigned long page = __get_free_page(GFP_KERNEL);

		(void)page;
	}
}

static int broken_writer(void *data)
{
	while (!kthread_should_stop()) {
		chos_broken_race++;
		cond_resched();
	}
	return 0;
}

/* Two tasks write to a variable at the same time, for some seconds. */
static void broken_race(void)
{
	struct task_struct *other;
	unsigned long end = jiffies + 20 * HZ;

	other = kthread_run(broken_writer, NULL, "chos_broken");
	if (IS_ERR(other))
		return;
	while (time_before(jiffies, end)) {
		chos_broken_race++;
		cond_resched();
	}
	kthread_stop(other);
}

static int broken_set(const char *val, const struct kernel_param *kp)
{
	if (sysfs_streq(val, "order"))
		broken_order();
	else if (sysfs_streq(val, "sleep"))
		broken_sleep();
	else if (sysfs_streq(val, "after_free"))
		broken_after_free();
	else if (sysfs_streq(val, "leak"))
		broken_leak();
	else if (sysfs_streq(val, "pages"))
		broken_pages();
	else if (sysfs_streq(val, "race"))
		broken_race();
	else if (sysfs_streq(val, "shift"))
		pr_info("broken: %d\n", 1 << chos_broken_shift);
	else if (sysfs_streq(val, "warn"))
		WARN(1, "broken on purpose\n");
	else
		return -EINVAL;
	return 0;
}

static const struct kernel_param_ops broken_ops = {
	.set = broken_set,
};
module_param_cb(broken, &broken_ops, NULL, 0200);
