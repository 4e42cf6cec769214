// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * The allowlist: which OSs may be entered, and by whom.  A write replaces it as a
 * whole or not at all.  RCU protects it: a reader sees either the old list or the
 * new one.
 */
#include <linux/bitmap.h>
#include <linux/cred.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/user_namespace.h>

#include "chos.h"

/**
 * struct allowlist - one version of the allowlist
 * @rcu: for freeing it when its last reader is done
 * @count: number of entries
 * @entry: the entries in the order of their lines.  After intern_rules(), the rule's
 *	name and path are the strings of the interned OS.  While the lines are being
 *	parsed, the hash is that of the rule's name, and afterwards that of its path.
 */
struct allowlist {
	struct rcu_head rcu;
	unsigned int count;
	struct {
		struct chos_os *os;
		u32 hash;
		struct chos_rule rule;
	} entry[];
};

static DEFINE_MUTEX(chos_allow_lock);
static struct allowlist __rcu *chos_allowlist;

/* Frees a list that no reader sees; it may be NULL.  Context: any. */
static void allowlist_free(struct allowlist *list)
{
	unsigned int i;

	if (!list)
		return;
	for (i = 0; i < list->count; i++)
		kfree(list->entry[i].rule.groups);
	kvfree(list);
}

/* RCU callback: must not sleep. */
static void allowlist_free_rcu(struct rcu_head *head)
{
	allowlist_free(container_of(head, struct allowlist, rcu));
}

static bool is_default(const struct chos_rule *rule)
{
	return !strcmp(rule->name, CHOS_DEFAULT_NAME);
}

/* The number of lines in @text, at least 1. */
static size_t count_lines(const char *text)
{
	size_t n = 1;

	while ((text = strchr(text, '\n'))) {
		text++;
		n++;
	}
	return n;
}

/* Does a rule of @list, which is still being parsed, have this name? */
static bool name_taken(const struct allowlist *list, const char *name, u32 hash)
{
	unsigned int i;

	for (i = 0; i < list->count; i++) {
		if (list->entry[i].hash == hash &&
		    !strcmp(list->entry[i].rule.name, name))
			return true;
	}
	return false;
}

/* Logs why a line is refused.  @expected describes valid syntax, for -EINVAL. */
static void log_bad_line(unsigned int number, int err, const char *expected)
{
	const char *why;

	switch (err) {
	case -EINVAL:
		pr_notice_ratelimited("allowlist, line %u: expected %s\n", number,
				      expected);
		return;
	case -EEXIST:
		why = "an earlier line has the same name";
		break;
	case -E2BIG:
		why = "too many entries or groups";
		break;
	default:
		why = "out of memory";
	}
	pr_notice_ratelimited("allowlist, line %u: %s\n", number, why);
}

/*
 * Parses all lines of @text into @list, which has space for @max entries.  Logs the
 * line that causes an error.  May sleep.  Returns 0 or an errno of chos/abi.h.
 */
static int parse_lines(struct allowlist *list, char *text, size_t max)
{
	const char *expected = "";
	unsigned int number = 0;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		struct chos_rule rule;
		int err = chos_parse_rule(line, &rule, &expected);
		u32 hash;

		number++;
		if (!err)
			continue;
		if (err == 1) {
			err = 0;
			hash = chos_hash(rule.name);
			if (list->count == max)
				err = -E2BIG;
			else if (name_taken(list, rule.name, hash))
				err = -EEXIST;
		}
		if (err) {
			kfree(rule.groups);
			log_bad_line(number, err, expected);
			return err;
		}
		list->entry[list->count].rule = rule;
		list->entry[list->count].hash = hash;
		list->count++;
		cond_resched();
	}
	return 0;
}

/* Called for each entry of the list in force. */
static void keep_number(const struct chos_os *os, void *keep)
{
	__set_bit(os->id, keep);
}

/*
 * Interns the OS of each rule, so that the list no longer refers to the parsed text, and
 * gives numbers to all OSs that have none or, after an error, to no OS.
 * chos_allow_lock held; may sleep; takes chos_os_lock.
 */
static int intern_rules(struct allowlist *list)
{
	/* The numbers that one of the lists has; under chos_allow_lock. */
	static DECLARE_BITMAP(keep, CHOS_OS_END);
	unsigned int i, missing = 0;
	int err;

	bitmap_zero(keep, CHOS_OS_END);
	chos_allow_each(keep_number, keep);
	for (i = 0; i < list->count; i++) {
		struct chos_rule *rule = &list->entry[i].rule;
		struct chos_os *os = chos_os_intern(rule->name, rule->path);

		if (!os)
			return -ENOMEM;
		list->entry[i].os = os;
		list->entry[i].hash = chos_hash(os->path);
		rule->name = (char *)os->name;
		rule->path = (char *)os->path;
		if (os->id)
			__set_bit(os->id, keep);
		else
			missing++;
	}
	err = chos_os_reserve(missing, keep);
	for (i = 0; !err && i < list->count; i++)
		chos_os_assign(list->entry[i].os);
	return err;
}

/**
 * chos_allow_replace - replace the allowlist
 * @text: the lines of the new list, NUL-terminated; is modified
 *
 * Context: may sleep; takes chos_allow_lock and chos_os_lock.
 * Return: 0, or an errno of chos/abi.h, in which case the old list stays in force.
 */
int chos_allow_replace(char *text)
{
	size_t max = min_t(size_t, count_lines(text), CHOS_VALID_MAX_ENTRIES);
	struct allowlist *list, *old;
	unsigned int i;
	int err;

	list = kvzalloc(struct_size(list, entry, max), GFP_KERNEL);
	if (!list)
		return -ENOMEM;
	err = parse_lines(list, text, max);
	if (err)
		goto free_list;
	mutex_lock(&chos_allow_lock);
	err = intern_rules(list);
	if (err)
		goto drop_new;
	for (i = 0; i < list->count; i++)
		WRITE_ONCE(list->entry[i].os->suid, list->entry[i].rule.suid);
	old = rcu_replace_pointer(chos_allowlist, list,
				  lockdep_is_held(&chos_allow_lock));
	mutex_unlock(&chos_allow_lock);
	if (old)
		call_rcu(&old->rcu, allowlist_free_rcu);
	return 0;
drop_new:
	chos_os_drop_new();
	mutex_unlock(&chos_allow_lock);
free_list:
	allowlist_free(list);
	return err;
}

/* Do the groups of @rule let the current process in?  Any process context. */
static bool groups_allow(const struct chos_rule *rule)
{
	unsigned int i;

	if (!rule->groups)
		return true;
	for (i = 0; i < rule->ngroups; i++) {
		if (in_egroup_p(rule->groups[i]))
			return true;
	}
	return false;
}

/*
 * The index of the entry that @wanted, a name or a path, refers to, or -1.
 * RCU read lock held.  Calls itself at most once.
 */
static int rule_find(const struct allowlist *list, const char *wanted)
{
	bool by_path = *wanted == '/';
	u32 hash = chos_hash(wanted);
	int fallback = -1;
	unsigned int i;

	for (i = 0; list && i < list->count; i++) {
		const struct chos_os *os = list->entry[i].os;

		if ((by_path ? list->entry[i].hash : os->hash) != hash ||
		    strcmp(by_path ? os->path : os->name, wanted))
			continue;
		/* "default" stands for another entry with the same path, if there is one. */
		if (!is_default(&list->entry[i].rule))
			return i;
		if (!by_path) {
			int target = rule_find(list, os->path);

			return target < 0 ? i : target;
		}
		fallback = i;
	}
	return fallback;
}

/**
 * chos_allow_check - may the current process enter this OS?
 * @wanted: the name or path of the OS
 * @os: set to the OS on success and with -EACCES, unchanged with -ENOENT
 *
 * If @os is set, its @entering counts the caller, who must decrement it when the
 * process has entered or failed to.  The increment is in the same RCU read-side
 * critical section as the lookup.  So, after the list was replaced and a grace
 * period has passed, every process that still acts on an old list is counted.
 *
 * Context: any process context; takes the RCU read lock.
 * Return: 0; -ENOENT if the allowlist has no such OS; -EACCES if the OS is closed or
 * the process is in none of its groups.
 */
int chos_allow_check(const char *wanted, struct chos_os **os)
{
	const struct allowlist *list;
	int err = -ENOENT;
	int i;

	rcu_read_lock();
	list = rcu_dereference(chos_allowlist);
	i = rule_find(list, wanted);
	if (i >= 0) {
		const struct chos_rule *rule = &list->entry[i].rule;

		*os = list->entry[i].os;
		atomic_inc(&(*os)->entering);
		err = rule->closed || !groups_allow(rule) ? -EACCES : 0;
	}
	rcu_read_unlock();
	return err;
}

/* Context: any. */
static void show_rule(struct seq_file *m, const struct chos_rule *rule)
{
	char sep = ':';
	unsigned int i;

	seq_printf(m, "%s:%s", rule->name, rule->path);
	if (rule->closed) {
		seq_printf(m, "%cclosed", sep);
		sep = ',';
	}
	if (rule->suid || rule->nosuid) {
		seq_printf(m, "%c%s", sep, rule->suid ? "suid" : "nosuid");
		sep = ',';
	}
	if (rule->groups) {
		seq_printf(m, "%cgroups=", sep);
		for (i = 0; i < rule->ngroups; i++)
			seq_printf(m, "%s%u", i ? "|" : "",
				   from_kgid(&init_user_ns, rule->groups[i]));
		sep = ',';
	}
	if (rule->linux32)
		seq_printf(m, "%cpersona=linux32", sep);
	seq_putc(m, '\n');
}

/* Prints the list in force, in the order it was written.  Takes the RCU read lock. */
void chos_allow_show(struct seq_file *m)
{
	const struct allowlist *list;
	unsigned int i;

	rcu_read_lock();
	list = rcu_dereference(chos_allowlist);
	for (i = 0; list && i < list->count; i++)
		show_rule(m, &list->entry[i].rule);
	rcu_read_unlock();
}

/**
 * chos_allow_each - call a function for the OS of each entry in force
 * @fn: the function, which must not sleep
 * @data: passed to @fn
 *
 * Context: any; takes the RCU read lock.
 */
void chos_allow_each(void (*fn)(const struct chos_os *os, void *data), void *data)
{
	const struct allowlist *list;
	unsigned int i;

	rcu_read_lock();
	list = rcu_dereference(chos_allowlist);
	for (i = 0; list && i < list->count; i++)
		fn(list->entry[i].os, data);
	rcu_read_unlock();
}

/* The number of entries in force.  Takes the RCU read lock. */
unsigned int chos_allow_count(void)
{
	const struct allowlist *list;
	unsigned int n;

	rcu_read_lock();
	list = rcu_dereference(chos_allowlist);
	n = list ? list->count : 0;
	rcu_read_unlock();
	return n;
}

/* Called at module exit, when no reader is left; waits for pending RCU callbacks. */
void chos_allow_exit(void)
{
	rcu_barrier();
	allowlist_free(rcu_dereference_protected(chos_allowlist, true));
}
