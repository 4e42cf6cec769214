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

#include "compat.h"
#include "fast.h"

static struct tracepoint *chos_fork_tp;
/* Whether processes without a word must climb; rises once, never falls. */
static bool chos_climb __read_mostly;
static bool chos_lost;

/*
 * The word that holds @field for the process of @task: any thread of it, kept
 * alive by the caller (current, RCU).  Any context.
 */
static __always_inline u64 word_make(const struct task_struct *task,
				     unsigned int field)
{
	u64 born = READ_ONCE(task->group_leader)->start_boottime;

	return (born >> CHOS_STAMP_SHIFT) << CHOS_ID_BITS | field;
}

/* The low bits of the process's word, or 0 if the word there is not its own. */
static __always_inline unsigned int field_of(struct task_struct *task)
{
	u64 *slot = chos_table_find(task->tgid);
	u64 word;

	if (!slot)
		return 0;
	word = READ_ONCE(*slot);
	if ((word ^ word_make(task, 0)) >> CHOS_ID_BITS)
		return 0;
	return word & (BIT(CHOS_ID_BITS) - 1);
}

static unsigned int id_in_field(unsigned int field)
{
	return field & CHOS_LEFT ? CHOS_ID_BASE : field;
}

/* What a parent left is no matter of a child that began in the base OS. */
static unsigned int field_to_pass_on(unsigned int field)
{
	return field & CHOS_LEFT ? CHOS_LEFT : field;
}

/**
 * chos_word_for - the word for a process that is being moved
 * @task: current
 * @id: where it goes: CHOS_ID_BASE or the number of an OS
 *
 * Context: any; against other threads of the process the lock of its fs_struct.
 */
u64 chos_word_for(struct task_struct *task, unsigned int id)
{
	if (id == CHOS_ID_BASE) {
		id = CHOS_LEFT;
		/* Kept for the children that other threads fork meanwhile. */
		if (!thread_group_empty(task))
			id |= field_of(task);
	}
	return word_make(task, id);
}

/*
 * Climbs from @task to the first ancestor with a word of its own and keeps what
 * was found, so that it stays what it is when the parents go.  This is the one
 * reader that may allocate: a page, without sleeping, the first time.
 * Context: any; takes the RCU read lock.
 */
static noinline unsigned int climb(struct task_struct *task)
{
	u64 *slot = chos_table_get(task->tgid, GFP_NOWAIT | __GFP_NOWARN);
	u64 seen = slot ? READ_ONCE(*slot) : 0;
	struct task_struct *p = task;
	unsigned int field = 0;

	rcu_read_lock();
	while (!field && p->tgid > 1) {
		p = READ_ONCE(rcu_dereference(p->real_parent)->group_leader);
		field = field_of(p);
	}
	rcu_read_unlock();
	field = field ? field_to_pass_on(field) : CHOS_LEFT;
	/* A switch by another thread in the meantime wins. */
	if (slot)
		cmpxchg(slot, seen, word_make(task, field));
	return field;
}

/* The same where climbing may be needed. */
static __always_inline unsigned int field_or_climb(struct task_struct *task)
{
	unsigned int field = field_of(task);

	if (!field && unlikely(READ_ONCE(chos_climb)))
		field = climb(task);
	return field;
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
	return id_in_field(field_or_climb(task));
}

/**
 * chos_id_in_use - the number of the OS whose tree a process may need
 * @task: the leader of a thread group, inside an RCU read-side section
 *
 * As chos_id_of(), but a process with threads that has left an OS still counts for it:
 * a thread that has been inside fork(2) since before brings a child to there.
 *
 * Context: as chos_id_of().
 * Return: CHOS_ID_NONE, CHOS_ID_BASE or the number of an OS.
 */
unsigned int chos_id_in_use(struct task_struct *task)
{
	unsigned int field = field_or_climb(task);

	/* The word first: with no thread left after it, such a child is in the list. */
	smp_rmb();
	if (field & CHOS_LEFT && !thread_group_empty(task))
		field &= ~CHOS_LEFT;
	return id_in_field(field);
}

/* Context: as chos_id_of().  Never NULL: in no OS is in the base OS. */
struct chos_os *chos_os_of_current(void)
{
	return chos_os_by_id(chos_id_of(current));
}

/* Context: must not sleep.  False: no memory. */
static bool word_give(struct task_struct *child, unsigned int field)
{
	u64 *slot;

	if (!field)
		return true;
	slot = chos_table_get(child->tgid, GFP_ATOMIC | __GFP_NOWARN);
	if (unlikely(!slot))
		return false;
	/* Pairs with the dependent loads from the number to the OS's links. */
	smp_store_release(slot, word_make(child, field));
	return true;
}

/*
 * Gives a child its word.  If its parent has other threads, one of them may have
 * moved the process after the child's root was copied from it: then the child is
 * where the parent was.  Must not sleep.  False: no memory.
 */
static bool word_pass_on(struct task_struct *parent, struct task_struct *child)
{
	struct fs_struct *fs = parent->fs;
	unsigned int field;
	bool given;

	if (thread_group_empty(parent) || child->fs == fs)
		return word_give(child, field_to_pass_on(field_or_climb(parent)));
	/*
	 * The word changes under this lock together with the root.  The child has its
	 * own before the parent's can change: one of the two is always counted.
	 */
	chos_fs_lock(fs);
	field = field_or_climb(parent);
	if (field && !path_equal(&fs->root, &child->fs->root))
		field = field & CHOS_LEFT ? field & ~CHOS_LEFT : CHOS_LEFT;
	given = word_give(child, field_to_pass_on(field));
	chos_fs_unlock(fs);
	return given;
}

/* In the forking thread, before the child runs.  Must not sleep. */
static void on_fork(void *data, struct task_struct *parent,
		    struct task_struct *child)
{
	if (child->tgid == parent->tgid || likely(word_pass_on(parent, child)))
		return;
	/* From here on the child finds its OS through its parent. */
	WRITE_ONCE(chos_lost, true);
	WRITE_ONCE(chos_climb, true);
	pr_warn_ratelimited("no memory at a fork of pid %d: children climb to their parents from now on\n",
			    parent->tgid);
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
