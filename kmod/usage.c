// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * /proc/chos/usage: how many processes are in each OS, so that an administrator
 * knows when a tree may go.  A count of none must be true, however fast the processes
 * of an OS fork and exit:
 *
 * - Not the table but the kernel's list of processes is walked.  By rising PIDs a
 *   line of processes, of which each forks the next and exits, could stay ahead of us
 *   or wrap round below us for ever.  The list is in the order of creation: a new
 *   process comes to its end, a process that takes its leader's place in execve(2) to
 *   the same place.  Who exits before we come to it has its children further on, and
 *   whoever was there when the last entry that we look at went away is before that one:
 *   seen already.
 * - All of it in one RCU read-side section, since the place in the list would be lost
 *   outside of it.  A step takes some ten nanoseconds.
 * - A child is in the list before its word is in the table.  Its parent is then inside
 *   fork(2), before it in the list, and counted; see chos_id_in_use() for a parent
 *   that leaves the OS meanwhile.
 * - Who was allowed in and has not arrived is counted by the entering of his OS.
 */
#include <linux/capability.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "fast.h"

/* OSs that may come while the others are counted, before it is done again. */
#define SPARE 64

/**
 * struct usage - what a reader gets, as of one moment
 * @size: elements of @oses
 * @overflow: there was an OS beyond @size
 * @oses: by the number of the OS, less CHOS_ID_FIRST
 */
struct usage {
	unsigned int size;
	bool overflow;
	struct os_usage {
		unsigned int processes;
		bool listed;
	} *oses;
};

/* The element of an OS, or NULL: not one of the OSs, or one that came meanwhile. */
static struct os_usage *usage_of(struct usage *usage, unsigned int id)
{
	if (id < CHOS_ID_FIRST)
		return NULL;
	if (id - CHOS_ID_FIRST < usage->size)
		return &usage->oses[id - CHOS_ID_FIRST];
	usage->overflow = true;
	return NULL;
}

/*
 * Does any thread of a process still run?  Until exit_state is set a thread may have
 * files of the tree open.  A leader may be gone long before the others.
 * RCU read lock held.
 */
static bool is_alive(struct task_struct *leader)
{
	struct task_struct *t;

	if (!READ_ONCE(leader->exit_state))
		return true;
	/* Who was seen dead had made his threads: before the way on, as below. */
	smp_rmb();
	for_each_thread(leader, t) {
		if (!READ_ONCE(t->exit_state))
			return true;
		/* As for the leader. */
		smp_rmb();
	}
	return false;
}

/* Takes the RCU read lock; lock-free otherwise. */
static void count_processes(struct usage *usage)
{
	struct task_struct *p;

	rcu_read_lock();
	for_each_process(p) {
		struct os_usage *os = usage_of(usage, chos_id_in_use(p));

		if (os && is_alive(p))
			os->processes++;
		/* Who was seen dead had his children in the list: before the way on. */
		smp_rmb();
	}
	rcu_read_unlock();
}

static void count_entering(struct usage *usage)
{
	unsigned int i;

	for (i = 0; i < usage->size; i++) {
		struct chos_os *os = chos_os_by_id(i + CHOS_ID_FIRST);

		/* Who is not in this count has his word: pairs with setchos.c. */
		if (os != &chos_base)
			usage->oses[i].processes += atomic_read_acquire(&os->entering);
	}
}

static void mark_listed(const struct chos_os *os, void *data)
{
	struct os_usage *its = usage_of(data, os->id);

	if (its)
		its->listed = true;
}

/* May sleep.  0 or -ENOMEM. */
static int usage_take(struct usage *usage)
{
	/* Whoever looked at a list that has been replaced is in its OS's entering now. */
	synchronize_rcu();
	do {
		kvfree(usage->oses);
		usage->overflow = false;
		usage->size = chos_os_count() + SPARE;
		usage->oses = kvcalloc(usage->size, sizeof(*usage->oses), GFP_KERNEL);
		if (!usage->oses) {
			usage->size = 0;
			return -ENOMEM;
		}
		/* In this order: nobody leaves the first count but for the second. */
		count_entering(usage);
		count_processes(usage);
		chos_allow_each(mark_listed, usage);
		/* Ends: only root adds OSs, CHOS_OS_MAX at most. */
	} while (usage->overflow);
	return 0;
}

static bool is_shown(const struct usage *usage, unsigned int i)
{
	const struct chos_os *os = chos_os_by_id(i + CHOS_ID_FIRST);

	if (os == &chos_base || !strcmp(os->path, CHOS_BASE_PATH))
		return false;
	return usage->oses[i].processes || usage->oses[i].listed ||
	       atomic64_read(&os->enters);
}

/* The place in the file is the index of an OS plus 1. */
static void *find_from(const struct usage *usage, loff_t *pos)
{
	for (; *pos <= usage->size; ++*pos) {
		if (is_shown(usage, *pos - 1))
			return &usage->oses[*pos - 1];
	}
	return NULL;
}

static void *usage_start(struct seq_file *m, loff_t *pos)
{
	int err;

	if (!*pos) {
		err = usage_take(m->private);
		if (err)
			return ERR_PTR(err);
		return SEQ_START_TOKEN;
	}
	return find_from(m->private, pos);
}

static void *usage_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return find_from(m->private, pos);
}

static void usage_stop(struct seq_file *m, void *v)
{
}

static int usage_show(struct seq_file *m, void *v)
{
	const struct usage *usage = m->private;
	const struct os_usage *its = v;
	const struct chos_os *os;

	if (v == SEQ_START_TOKEN)
		return 0;
	os = chos_os_by_id(its - usage->oses + CHOS_ID_FIRST);
	seq_printf(m, "%u %lld %s %s\n", its->processes,
		   (long long)atomic64_read(&os->enters), os->name, os->path);
	return 0;
}

static const struct seq_operations usage_ops = {
	.start = usage_start,
	.next = usage_next,
	.stop = usage_stop,
	.show = usage_show,
};

/* The opener's rights count: a descriptor that he passes on he means to. */
static int usage_open(struct inode *inode, struct file *file)
{
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	return seq_open_private(file, &usage_ops, sizeof(struct usage));
}

static int usage_release(struct inode *inode, struct file *file)
{
	struct usage *usage = ((struct seq_file *)file->private_data)->private;

	kvfree(usage->oses);
	return seq_release_private(inode, file);
}

const struct file_operations chos_usage_fops = {
	.owner = THIS_MODULE,
	.open = usage_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = usage_release,
};
