// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * /proc/chos/processes: the processes in an OS that the reader may see.  The file
 * position is a PID, and a read walks the table by rising PID.  So a long read lists
 * each process that exists all the time exactly once.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/module.h>
#include <linux/pid_namespace.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/user_namespace.h>

#include "fast.h"

/**
 * struct visible_process - a process that the reader may see
 * @pid: its PID in the reader's PID namespace
 * @os: its OS
 */
struct visible_process {
	pid_t pid;
	const struct chos_os *os;
};

/* RCU read lock held. */
static bool may_see(const struct file *reader, struct task_struct *task)
{
	return uid_eq(reader->f_cred->euid, __task_cred(task)->uid) ||
	       file_ns_capable(reader, &init_user_ns, CAP_SYS_PTRACE);
}

/*
 * Finds the process with the PID @tgid if it is in an OS and @reader may see it.
 * Takes the RCU read lock.
 */
static bool find_visible(const struct file *reader, pid_t tgid,
			 struct visible_process *visible)
{
	struct task_struct *task;
	unsigned int id;
	struct pid *pid;

	rcu_read_lock();
	pid = find_pid_ns(tgid, &init_pid_ns);
	task = pid_task(pid, PIDTYPE_TGID);
	visible->pid = 0;
	if (task && may_see(reader, task)) {
		id = chos_id_of(task);
		visible->os = chos_os_by_id(id);
		if (id >= CHOS_ID_FIRST)
			visible->pid = pid_nr_ns(pid, task_active_pid_ns(current));
	}
	rcu_read_unlock();
	return visible->pid;
}

/* Finds the first visible process with a PID of *@pos or higher.  May sleep. */
static void *next_visible(struct seq_file *m, loff_t *pos)
{
	pid_t tgid = *pos;

	while ((tgid = chos_table_next(tgid)) >= 0) {
		if (find_visible(m->file, tgid, m->private)) {
			*pos = tgid;
			return m->private;
		}
		tgid++;
		cond_resched();
	}
	*pos = PID_MAX_LIMIT + 1L;
	return NULL;
}

static void *processes_start(struct seq_file *m, loff_t *pos)
{
	return *pos > PID_MAX_LIMIT ? NULL : next_visible(m, pos);
}

static void *processes_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return next_visible(m, pos);
}

static void processes_stop(struct seq_file *m, void *v)
{
}

static int processes_show(struct seq_file *m, void *v)
{
	const struct visible_process *visible = v;

	seq_printf(m, "%d %s\n", visible->pid, visible->os->name);
	return 0;
}

static const struct seq_operations processes_ops = {
	.start = processes_start,
	.next = processes_next,
	.stop = processes_stop,
	.show = processes_show,
};

static int processes_open(struct inode *inode, struct file *file)
{
	return seq_open_private(file, &processes_ops, sizeof(struct visible_process));
}

const struct file_operations chos_processes_fops = {
	.owner = THIS_MODULE,
	.open = processes_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = seq_release_private,
};
