// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Which OS a process is in, and how its children inherit it.
 *
 * A child inherits at fork, in the sched_process_fork tracepoint.  The tracepoint runs
 * in the parent before the child runs, so the child has its word at its first
 * instruction, and nothing that the parent does later changes it.  As long as every
 * fork was tracked, a process without a valid word is in the base OS.
 *
 * Forks are not tracked if the kernel lacks the tracepoint, with track=0, and after an
 * allocation in the probe failed.  A process without a valid word then takes the OS of
 * its nearest ancestor that has one, if its root directory shows that it is in an OS.
 */
#include <linux/dcache.h>
#include <linux/fs_struct.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/tracepoint.h>

#include "compat.h"
#include "fast.h"

/* NULL: forks are not tracked. */
static struct tracepoint *chos_fork_tp;
/* Whether a process without a word must ask its ancestors; never reset. */
static bool chos_ask_ancestors __read_mostly;
/* Whether a child did not get its word because memory was short; never reset. */
static bool chos_fork_missed;

/*
 * The word with @field for the process of @task, which may be any of its threads.
 * Context: any; the caller keeps @task alive (current, or RCU).
 */
static __always_inline u64 word_make(const struct task_struct *task,
				     unsigned int field)
{
	u64 born = READ_ONCE(task->group_leader)->start_boottime;

	return (born >> CHOS_STAMP_SHIFT) << CHOS_FIELD_BITS | field;
}

/*
 * The field in the word of @task's process, or 0 if the process has no word.  A word
 * with another stamp is that of an earlier process with the same PID.
 * Context: as word_make().
 */
static __always_inline unsigned int field_of(struct task_struct *task)
{
	u64 *slot = chos_table_find(task->tgid);
	u64 word;

	if (!slot)
		return 0;
	word = READ_ONCE(*slot);
	if ((word ^ word_make(task, 0)) >> CHOS_FIELD_BITS)
		return 0;
	return word & (BIT(CHOS_FIELD_BITS) - 1);
}

/* The number of the OS that a process with @field is in. */
static unsigned int id_in_field(unsigned int field)
{
	return field & CHOS_LEFT ? CHOS_ID_BASE : field;
}

/*
 * The field that a child inherits from a parent with @field.  A child that starts in
 * the base OS has left no OS.
 */
static unsigned int field_for_child(unsigned int field)
{
	return field & CHOS_LEFT ? CHOS_LEFT : field;
}

/**
 * chos_word_for - the word for a process that is being moved
 * @task: current
 * @id: its new OS: CHOS_ID_BASE or the number of an OS
 *
 * Context: any; the lock of its fs_struct is held if the process has other threads.
 * Return: the word.
 */
u64 chos_word_for(struct task_struct *task, unsigned int id)
{
	if (id == CHOS_ID_BASE) {
		id = CHOS_LEFT;
		/*
		 * Keep the old OS for a thread that is inside fork(2); see
		 * word_inherit() and chos_id_in_use().
		 */
		if (!thread_group_empty(task))
			id |= field_of(task);
	}
	return word_make(task, id);
}

/*
 * The root directory of @task, or NULL if @task has exited.  The dentry may be freed when
 * the RCU read lock, which is held, is released.
 * Context: any, without locks that nest inside task_lock().
 */
static const struct dentry *root_of(struct task_struct *task)
{
	const struct dentry *root = NULL;
	const struct fs_struct *fs;

	if (task == current) {
		fs = chos_task_fs(task);
		return fs ? READ_ONCE(fs->root.dentry) : NULL;
	}
	/* The fs_struct of another task is freed without a grace period. */
	task_lock(task);
	fs = chos_task_fs(task);
	if (fs)
		root = READ_ONCE(fs->root.dentry);
	task_unlock(task);
	return root;
}

/*
 * The field for @task, which has no word, according to its nearest ancestor that has one.
 * The ancestor may have entered its OS after @task was born in the base OS.  So @task must
 * have a farm as its root directory, or, because a farm made by hand looks like any
 * directory, the root directory of that ancestor.
 * Context: as root_of().
 */
static unsigned int field_of_ancestor(struct task_struct *task)
{
	const struct dentry *root = root_of(task);
	struct task_struct *p = task;
	unsigned int field = 0;

	while (!field && p->tgid > 1) {
		p = rcu_dereference(p->real_parent);
		field = field_of(p);
	}
	if (!(field & ~CHOS_LEFT) || !root)
		return CHOS_LEFT;
	if (!chos_is_farm(root) && root != root_of(p))
		return CHOS_LEFT;
	return field_for_child(field);
}

/*
 * Gives @task the OS of its nearest ancestor that has a word, and returns the field.  The
 * current process stores it, so that it stays valid when the ancestors exit.  Nobody
 * stores it for another process: that may exit, and the word may be its successor's.
 * This is the only reader of the table that may allocate: one page, once, without
 * sleeping.
 * Context: as root_of(); takes the RCU read lock.
 */
static noinline unsigned int inherit_from_ancestors(struct task_struct *task)
{
	unsigned int field;
	u64 *slot = NULL;
	u64 seen = 0;

	rcu_read_lock();
	if (same_thread_group(task, current))
		slot = chos_table_get(task->tgid, GFP_NOWAIT | __GFP_NOWARN);
	if (slot)
		seen = READ_ONCE(*slot);
	field = field_of_ancestor(task);
	/* If another thread has moved the process meanwhile, that word stays. */
	if (slot && cmpxchg(slot, seen, word_make(task, field)) != seen)
		field = field_of(task) ?: field;
	rcu_read_unlock();
	return field;
}

/*
 * The field of @task's process, from its ancestors if it has no word and forks are
 * not tracked.  Context: as root_of(); @task is current, or the RCU read lock is held.
 */
static __always_inline unsigned int field_or_inherit(struct task_struct *task)
{
	unsigned int field = field_of(task);

	if (!field && unlikely(READ_ONCE(chos_ask_ancestors)))
		field = inherit_from_ancestors(task);
	return field;
}

/**
 * chos_id_of - the number of the OS that a process is in
 * @task: current, or any task if the RCU read lock is held
 *
 * Context: any, without the lock of an fs_struct; takes no lock, and allocates nothing,
 * while forks are tracked.
 * Return: CHOS_ID_NONE, CHOS_ID_BASE or the number of an OS.
 */
unsigned int chos_id_of(struct task_struct *task)
{
	return id_in_field(field_or_inherit(task));
}

/**
 * chos_id_in_use - the number of the OS whose tree a process may still use
 * @task: the leader of a thread group
 *
 * Like chos_id_of(), but a process that left an OS while it had several threads still
 * counts as a user of that OS.  One of its threads may have called fork(2) before the
 * process left, and the child is then in that OS.  The number of threads now does not
 * tell: the thread that moved the process may have exited since.  forget_left_os()
 * ends this.
 *
 * Context: the RCU read lock is held; otherwise as chos_id_of().
 * Return: CHOS_ID_NONE, CHOS_ID_BASE or the number of an OS.
 */
unsigned int chos_id_in_use(struct task_struct *task)
{
	return field_or_inherit(task) & ~CHOS_LEFT;
}

/*
 * The OS of the current process, never NULL.  It lives until unload, because a process is
 * in it.  Context: as chos_id_of(); takes the RCU read lock.
 */
struct chos_os *chos_os_of_current(void)
{
	struct chos_os *os;

	rcu_read_lock();
	os = chos_os_by_id(chos_id_of(current));
	rcu_read_unlock();
	return os;
}

/*
 * Stores the word with @field for @child, which does not run yet; no word if @field is
 * 0.  Does not sleep.  Returns false if memory is short.
 */
static bool word_store(struct task_struct *child, unsigned int field)
{
	u64 *slot;

	if (!field) {
		/* An earlier process with this PID may have had the same stamp. */
		slot = chos_table_find(child->tgid);
		if (unlikely(slot && READ_ONCE(*slot)))
			WRITE_ONCE(*slot, 0);
		return true;
	}
	slot = chos_table_get(child->tgid, GFP_ATOMIC | __GFP_NOWARN);
	if (unlikely(!slot))
		return false;
	/* Pairs with the dependent loads that lead from the word to the OS's links. */
	smp_store_release(slot, word_make(child, field));
	return true;
}

/*
 * The field that fits the root directory of a child that does not run yet.  @field and
 * @fs are those of its parent, whose root may have changed after fork(2) copied it.
 * Only directories count: clone(2) with CLONE_NEWNS gives the child another mount.
 * - A child in a farm of chosfs is in an OS, even if the parent has left it or called
 *   chroot(2) since.
 * - Otherwise, if the roots differ, a thread has moved the parent, and the child is where
 *   the parent was before.  A chroot(2) by another thread is mistaken for that, because
 *   a farm made by hand looks like any directory.
 * Context: the lock of @fs is held.
 */
static unsigned int field_at_root(unsigned int field, const struct fs_struct *fs,
				  const struct fs_struct *child_fs)
{
	if (field & ~CHOS_LEFT && chos_is_farm(child_fs->root.dentry))
		return field & ~CHOS_LEFT;
	if (field && fs->root.dentry != child_fs->root.dentry)
		return field & CHOS_LEFT ? field & ~CHOS_LEFT : CHOS_LEFT;
	return field;
}

/*
 * Gives @child its word.  Another thread of @parent may have moved the process after
 * fork(2) copied its root to @child, even if @parent is the only thread now: the other
 * one may have exited.
 * Does not sleep; may take the lock of the parent's fs_struct.  Returns false if memory
 * is short.
 */
static bool word_inherit(struct task_struct *parent, struct task_struct *child)
{
	struct fs_struct *fs = parent->fs;
	unsigned int field, inherited = 0;
	bool given;

	if (child->fs == fs)
		return word_store(child, field_for_child(field_or_inherit(parent)));
	/* Before the lock, because it may take the locks of ancestors. */
	if (unlikely(READ_ONCE(chos_ask_ancestors)))
		inherited = field_or_inherit(parent);
	/*
	 * This lock protects the parent's root and word, which change together.  The
	 * child gets its word before the parent's can change, so that a reader of usage
	 * always counts one of the two.
	 */
	chos_fs_lock(fs);
	field = field_at_root(field_of(parent) ?: inherited, fs, child->fs);
	given = word_store(child, field_for_child(field));
	chos_fs_unlock(fs);
	return given;
}

/*
 * Drops the OS that @parent, the current process, has left from its word, once no
 * thread of it can be inside fork(2) with the old root; see chos_id_in_use().  The
 * fork that calls this has given its child a word.
 * Context: any; takes no lock.
 */
static void forget_left_os(struct task_struct *parent)
{
	unsigned int field = field_of(parent);
	u64 *slot;

	if (likely(!(field & CHOS_LEFT) || field == CHOS_LEFT) ||
	    !thread_group_empty(parent))
		return;
	slot = chos_table_find(parent->tgid);
	/* Orders the child's word before this one: usage counts one of the two. */
	smp_store_release(slot, word_make(parent, CHOS_LEFT));
}

/*
 * Tracepoint probe; runs in the thread that forks, before the child runs.  Must not
 * sleep.
 */
static void on_fork(void *data, struct task_struct *parent,
		    struct task_struct *child)
{
	if (child->tgid == parent->tgid)
		return;
	if (likely(word_inherit(parent, child))) {
		forget_left_os(parent);
		return;
	}
	/* The child has no word, and will have to ask its ancestors. */
	WRITE_ONCE(chos_fork_missed, true);
	WRITE_ONCE(chos_ask_ancestors, true);
	pr_warn_ratelimited("out of memory in a fork of pid %d; processes now look up their OS in their ancestors\n",
			    parent->tgid);
}

/* Was each fork tracked, so that every process in an OS has a word?  Context: any. */
bool chos_inherit_is_exact(void)
{
	return !READ_ONCE(chos_ask_ancestors);
}

/* The state of fork tracking as in /proc/chos/version.  Context: any. */
const char *chos_inherit_state(void)
{
	if (!chos_fork_tp)
		return "off";
	return READ_ONCE(chos_fork_missed) ? "lost" : "on";
}

/*
 * Called at module init, before a process can enter an OS; may sleep.  Returns 0 or
 * an errno.
 */
int chos_inherit_init(bool track)
{
	int err;

	if (track)
		chos_fork_tp = chos_tracepoint_find("sched_process_fork");
	if (!chos_fork_tp && chos_clock_is_coarse()) {
		pr_err("the clock is too coarse to tell a process from its successor with the same PID, and forks are not tracked\n");
		return -EOPNOTSUPP;
	}
	if (!chos_fork_tp) {
		pr_notice("forks are not tracked; processes look up their OS in their ancestors\n");
		chos_ask_ancestors = true;
		return 0;
	}
	err = tracepoint_probe_register(chos_fork_tp, on_fork, NULL);
	if (err)
		chos_fork_tp = NULL;
	return err;
}

/* Called at module exit; may sleep.  No probe runs after it returns. */
void chos_inherit_exit(void)
{
	if (chos_fork_tp)
		tracepoint_probe_unregister(chos_fork_tp, on_fork, NULL);
	tracepoint_synchronize_unregister();
}
