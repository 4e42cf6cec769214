// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * /proc/chos/usage: the number of processes in each OS, which tells an administrator
 * when a tree may be deleted.  A count of zero must be true, no matter how fast the
 * processes of an OS fork and exit:
 *
 * - The count walks the kernel's list of processes, not the table.  In a walk by rising
 *   PID, a chain of processes, each of which forks the next and exits, could always
 *   get a PID that the walk has passed or has not reached yet.  The list is in order
 *   of creation: a new process goes to its end, and a thread that replaces its leader
 *   in execve(2) takes the leader's position.  If a process exits before the walk
 *   reaches it, its children are further along in the list.  If the last entry of
 *   the walk is removed while the walk is at it, all processes that exist at that
 *   moment are before it in the list, and the walk has seen them.
 * - The whole walk is in one RCU read-side critical section, because the position in
 *   the list is valid only inside it.  A step takes about ten nanoseconds.
 * - A child is in the list before its word is in the table.  During that time its
 *   parent, which is before it in the list, is inside fork(2) and is counted.  For a
 *   parent that leaves the OS meanwhile, see chos_id_in_use().
 * - A process that the allowlist let in, but whose word is not in the table yet, is
 *   counted in the entering of its OS.
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

/* How many OSs may get new numbers during a count before it has to be repeated. */
#define SPARE_ENTRIES 64

/**
 * struct usage - one count, from which all reads of an open file are answered
 * @size: number of elements of @oses
 * @overflow: an OS with a number beyond @oses was found
 * @oses: the counts, indexed by OS number - CHOS_ID_FIRST: processes in the OS, and
 *	whether the allowlist has it
 */
struct usage {
	unsigned int size;
	bool overflow;
	struct os_usage {
		unsigned int processes;
		bool listed;
	} *oses;
};

/*
 * The entry for the OS @id.  NULL for the base OS and for no OS, and, with @overflow
 * set, for an OS that got its number after @usage was allocated.
 */
static struct os_usage *usage_entry(struct usage *usage, unsigned int id)
{
	if (id < CHOS_ID_FIRST)
		return NULL;
	if (id - CHOS_ID_FIRST < usage->size)
		return &usage->oses[id - CHOS_ID_FIRST];
	usage->overflow = true;
	return NULL;
}

/*
 * Has any thread of a process not exited yet?  A thread may have files of the tree open
 * until its exit_state is set, and the leader may exit long before other threads.
 * RCU read lock held.
 */
static bool is_alive(struct task_struct *leader)
{
	struct task_struct *t;

	if (!READ_ONCE(leader->exit_state))
		return true;
	/*
	 * The threads that the leader created are in the list by now.  Read on only
	 * after its exit_state; see also count_processes().
	 */
	smp_rmb();
	for_each_thread(leader, t) {
		if (!READ_ONCE(t->exit_state))
			return true;
		/* The same for the threads that this thread created. */
		smp_rmb();
	}
	return false;
}

/* Takes the RCU read lock and no other. */
static void count_processes(struct usage *usage)
{
	struct task_struct *p;

	rcu_read_lock();
	for_each_process(p) {
		struct os_usage *os = usage_entry(usage, chos_id_in_use(p));

		if (os && is_alive(p))
			os->processes++;
		/*
		 * If @p was seen dead, its children are in the list.  Read the next
		 * entry only after that.
		 */
		smp_rmb();
	}
	rcu_read_unlock();
}

/* Context: any; takes the RCU read lock. */
static void count_entering(struct usage *usage)
{
	unsigned int i;

	rcu_read_lock();
	for (i = 0; i < usage->size; i++) {
		struct chos_os *os = chos_os_by_id(i + CHOS_ID_FIRST);

		/*
		 * A process no longer counted here already has its word in the
		 * table.  Pairs with the release in setchos.c.
		 */
		if (os != &chos_base)
			usage->oses[i].processes += atomic_read_acquire(&os->entering);
	}
	rcu_read_unlock();
}

/* Called for each entry of the allowlist, with the RCU read lock held. */
static void mark_listed(const struct chos_os *os, void *data)
{
	struct os_usage *entry = usage_entry(data, READ_ONCE(os->id));

	if (entry)
		entry->listed = true;
}

/* Counts all processes.  May sleep.  Returns 0 or -ENOMEM. */
static int usage_collect(struct usage *usage)
{
	/*
	 * After this, each process that acts on an allowlist that has been replaced is
	 * counted in the entering of its OS, or has entered.
	 */
	synchronize_rcu();
	do {
		kvfree(usage->oses);
		usage->overflow = false;
		usage->size = chos_os_end() - CHOS_ID_FIRST + SPARE_ENTRIES;
		usage->oses = kvcalloc(usage->size, sizeof(*usage->oses), GFP_KERNEL);
		if (!usage->oses) {
			usage->size = 0;
			return -ENOMEM;
		}
		/*
		 * The order matters: a process that enters meanwhile moves from the
		 * first of these counts to the second.
		 */
		count_entering(usage);
		count_processes(usage);
		chos_allow_each(mark_listed, usage);
		/* The loop ends: only root adds OSs, and at most CHOS_OS_MAX. */
	} while (usage->overflow);
	return 0;
}

/**
 * chos_usage_mark - find the numbers of the OSs that processes are in
 * @ids: CHOS_OS_END bits, of which those of these OSs are set
 *
 * If all forks are tracked, a number that is neither set nor in an allowlist is that of no
 * process, and will not be.  Zombies count: others may still read their words.
 *
 * Context: may sleep, for a grace period; the caller keeps allowlists from changing.
 */
void chos_usage_mark(unsigned long *ids)
{
	struct task_struct *p;
	unsigned int id;

	/* The same steps, in the same order, as in usage_collect(). */
	synchronize_rcu();
	rcu_read_lock();
	for (id = CHOS_ID_FIRST; id < chos_os_end(); id++) {
		struct chos_os *os = chos_os_by_id(id);

		if (os != &chos_base && atomic_read_acquire(&os->entering))
			__set_bit(id, ids);
	}
	for_each_process(p) {
		__set_bit(chos_id_in_use(p), ids);
		/* As in count_processes(). */
		smp_rmb();
	}
	rcu_read_unlock();
}

/* Does the file have a line for the OS with the index @i?  RCU read lock held. */
static bool is_shown(const struct usage *usage, unsigned int i)
{
	const struct chos_os *os = chos_os_by_id(i + CHOS_ID_FIRST);

	if (os == &chos_base || !strcmp(os->path, CHOS_BASE_PATH))
		return false;
	return usage->oses[i].processes || usage->oses[i].listed ||
	       atomic64_read(&os->enters);
}

/*
 * Finds the first OS to show from *@pos on.  The position is the index of an OS plus 1;
 * 0 is the start token.
 */
static void *next_shown(const struct usage *usage, loff_t *pos)
{
	bool shown = false;

	rcu_read_lock();
	while (*pos <= usage->size) {
		shown = is_shown(usage, *pos - 1);
		if (shown)
			break;
		++*pos;
	}
	rcu_read_unlock();
	return shown ? &usage->oses[*pos - 1] : NULL;
}

/* Counts when a read begins at offset 0.  May sleep. */
static void *usage_start(struct seq_file *m, loff_t *pos)
{
	int err;

	if (!*pos) {
		err = usage_collect(m->private);
		if (err)
			return ERR_PTR(err);
		return SEQ_START_TOKEN;
	}
	return next_shown(m->private, pos);
}

static void *usage_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return next_shown(m->private, pos);
}

static void usage_stop(struct seq_file *m, void *v)
{
}

static int usage_show(struct seq_file *m, void *v)
{
	const struct usage *usage = m->private;
	const struct os_usage *entry = v;
	const struct chos_os *os;

	if (v == SEQ_START_TOKEN)
		return 0;
	rcu_read_lock();
	os = chos_os_by_id(entry - usage->oses + CHOS_ID_FIRST);
	/* Its number may have been taken away since. */
	if (os != &chos_base)
		seq_printf(m, "%u %lld %s %s\n", entry->processes,
			   (long long)atomic64_read(&os->enters), os->name,
			   os->path);
	rcu_read_unlock();
	return 0;
}

static const struct seq_operations usage_ops = {
	.start = usage_start,
	.next = usage_next,
	.stop = usage_stop,
	.show = usage_show,
};

/*
 * Only the opener needs the capability: it may pass the descriptor on to others.
 * May sleep.
 */
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
