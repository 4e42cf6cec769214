// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Which OS a process is in, and how its children come to be in it.
 *
 * Inheritance happens at fork, in the sched_process_fork tracepoint, which runs
 * in the parent before the child does; so a child's word is there at its first
 * instruction and no later act of the parent changes it.  While every fork has
 * been seen, a process without a valid word is in no OS, and that is the end of it.
 *
 * Where forks are not seen (a kernel without the tracepoint, track=0, or a page
 * that could not be had in the probe), a process without a word climbs to its
 * parents until one has a word.
 */
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/tracepoint.h>

#include "chos.h"

static struct tracepoint *chos_fork_tp;
/* Whether processes without a word must climb; rises once, never falls. */
static bool chos_climb __read_mostly;
static bool chos_lost;

/**
 * chos_word - the word that says that a process is in an OS
 * @task: any thread of the process; kept alive by the caller (current, RCU)
 * @id: number of the OS
 *
 * Context: any.
 */
u64 chos_word(const struct task_struct *task, unsigned int id)
{
	u64 born = READ_ONCE(task->group_leader)->start_boottime;

	return (born >> CHOS_STAMP_SHIFT) << CHOS_ID_BITS | id;
}

/* The number in the task's word, or CHOS_ID_NONE if the word is not its own. */
static unsigned int id_in_table(struct task_struct *task)
{
	u64 *slot = chos_table_find(task->tgid);
	u64 word;

	if (!slot)
		return CHOS_ID_NONE;
	word = READ_ONCE(*slot);
	if ((word ^ chos_word(task, 0)) >> CHOS_ID_BITS)
		return CHOS_ID_NONE;
	return word & (BIT(CHOS_ID_BITS) - 1);
}

/*
 * Climbs from @task to the first ancestor with a word of its own and keeps what
 * was found, if there is a place for it: a reader allocates nothing.
 * Context: any; takes the RCU read lock.
 */
static unsigned int climb(struct task_struct *task)
{
	u64 *slot = chos_table_find(task->tgid);
	u64 seen = slot ? READ_ONCE(*slot) : 0;
	struct task_struct *p = task;
	unsigned int id = CHOS_ID_BASE;

	rcu_read_lock();
	while (p->tgid > 1) {
		p = READ_ONCE(rcu_dereference(p->real_parent)->group_leader);
		id = id_in_table(p);
		if (id != CHOS_ID_NONE)
			break;
		id = CHOS_ID_BASE;
	}
	rcu_read_unlock();
	/* A switch by another thread in the meantime wins. */
	if (slot)
		cmpxchg(slot, seen, chos_word(task, id));
	return id;
}

/**
 * chos_id_of - the number of a process's OS
 * @task: current, or any task inside an RCU read-side section
 *
 * Context: any; no lock is taken and nothing is allocated.
 * Return: CHOS_ID_NONE, CHOS_ID_BASE or the number of an OS.
 */
unsigned int chos_id_of(struct task_struct *task)
{
	unsigned int id = id_in_table(task);

	if (id == CHOS_ID_NONE && unlikely(READ_ONCE(chos_climb)))
		id = climb(task);
	return id;
}

/* Context: as chos_id_of().  Never NULL: in no OS is in the base OS. */
struct chos_os *chos_os_of_current(void)
{
	return chos_os_by_id(chos_id_of(current));
}

/*
 * In the forking thread, before the child runs.  Under RCU or with preemption
 * off, depending on the kernel: must not sleep.
 */
static void on_fork(void *data, struct task_struct *parent,
		    struct task_struct *child)
{
	unsigned int id;
	u64 *slot;

	if (child->tgid == parent->tgid)
		return;
	id = chos_id_of(parent);
	if (id == CHOS_ID_NONE)
		return;
	slot = chos_table_get(child->tgid, GFP_ATOMIC | __GFP_NOWARN);
	if (unlikely(!slot)) {
		/* From here on the child finds its OS through its parent. */
		WRITE_ONCE(chos_lost, true);
		WRITE_ONCE(chos_climb, true);
		pr_warn_ratelimited("no memory at a fork of pid %d: children climb to their parents from now on\n",
				    parent->tgid);
		return;
	}
	WRITE_ONCE(*slot, chos_word(child, id));
}

/* "on", "off" or "lost", as /proc/chos/version has it. */
const char *chos_inherit_state(void)
{
	if (!chos_fork_tp)
		return "off";
	return READ_ONCE(chos_lost) ? "lost" : "on";
}

/* Module init, may sleep.  Before anybody can enter an OS. */
int chos_inherit_init(bool track)
{
	int err;

	if (track)
		chos_fork_tp = chos_tracepoint_find("sched_process_fork");
	if (!chos_fork_tp) {
		pr_notice("forks are not tracked: children climb to their parents\n");
		chos_climb = true;
		return 0;
	}
	err = tracepoint_probe_register(chos_fork_tp, on_fork, NULL);
	if (err)
		chos_fork_tp = NULL;
	return err;
}

/* Module exit, may sleep: no probe runs any more when it returns. */
void chos_inherit_exit(void)
{
	if (chos_fork_tp)
		tracepoint_probe_unregister(chos_fork_tp, on_fork, NULL);
	tracepoint_synchronize_unregister();
}
