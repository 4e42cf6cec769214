// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * The allowlist: which OSs may be entered, and by whom.  Replaced as a whole or
 * not at all; readers see the old list or the new one, under RCU.
 */
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
 * struct allowlist - a list in force
 * @count: how many rules
 * @rcu: to free it after its last reader
 * @entry: the rules in the order of the file, each with its interned OS, whose
 *	strings the rules' names and paths are
 */
struct allowlist {
	struct rcu_head rcu;
	unsigned int count;
	struct {
		struct chos_os *os;
		u32 path_hash;
		struct chos_rule rule;
	} entry[];
};

static DEFINE_MUTEX(chos_allow_lock);
static struct allowlist __rcu *chos_allowlist;

/* After a grace period, or before the list was ever seen. */
static void allowlist_free(struct allowlist *list)
{
	unsigned int i;

	if (!list)
		return;
	for (i = 0; i < list->count; i++)
		kfree(list->entry[i].rule.groups);
	kvfree(list);
}

static void allowlist_free_rcu(struct rcu_head *head)
{
	allowlist_free(container_of(head, struct allowlist, rcu));
}

static bool is_default(const struct chos_rule *rule)
{
	return !strcmp(rule->name, CHOS_DEFAULT_NAME);
}

/* Number of lines of @text, at least 1. */
static size_t count_lines(const char *text)
{
	size_t n = 1;

	while ((text = strchr(text, '\n'))) {
		text++;
		n++;
	}
	return n;
}

static bool name_taken(const struct allowlist *list, const char *name, u32 hash)
{
	unsigned int i;

	for (i = 0; i < list->count; i++) {
		/* path_hash holds the name's hash until the OSs are interned. */
		if (list->entry[i].path_hash == hash &&
		    !strcmp(list->entry[i].rule.name, name))
			return true;
	}
	return false;
}

/* Every line of @text into @list, or an error and a line in the log. */
static int parse_lines(struct allowlist *list, char *text, size_t room)
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
			if (list->count == room)
				err = -E2BIG;
			else if (name_taken(list, rule.name, hash))
				err = -EEXIST;
		}
		if (err) {
			kfree(rule.groups);
			if (err == -EINVAL)
				pr_notice_ratelimited("allowlist, line %u: expected %s\n",
						      number, expected);
			else
				pr_notice_ratelimited("allowlist, line %u: %s\n", number,
						      err == -EEXIST ? "this name stands further up" :
						      err == -E2BIG ? "too many entries or groups" :
						      "no memory");
			return err;
		}
		list->entry[list->count].rule = rule;
		list->entry[list->count].path_hash = hash;
		list->count++;
		cond_resched();
	}
	return 0;
}

/* Interns what was parsed, so that the list no longer needs the text. */
static int intern_all(struct allowlist *list)
{
	unsigned int i;

	for (i = 0; i < list->count; i++) {
		struct chos_rule *rule = &list->entry[i].rule;
		struct chos_os *os = chos_os_intern(rule->name, rule->path);

		if (IS_ERR(os))
			return PTR_ERR(os);
		list->entry[i].os = os;
		list->entry[i].path_hash = chos_hash(os->path);
		rule->name = (char *)os->name;
		rule->path = (char *)os->path;
	}
	return 0;
}

/**
 * chos_allow_replace - put a new allowlist in force
 * @text: the lines, NUL-terminated; is cut into pieces
 *
 * Context: may sleep; takes chos_allow_lock and chos_os_lock.
 * Return: 0, or an errno of chos/abi.h with the old list in force.
 */
int chos_allow_replace(char *text)
{
	size_t room = min_t(size_t, count_lines(text), CHOS_VALID_MAX_ENTRIES);
	struct allowlist *list, *old;
	unsigned int i;
	int err;

	list = kvzalloc(struct_size(list, entry, room), GFP_KERNEL);
	if (!list)
		return -ENOMEM;
	err = parse_lines(list, text, room);
	if (!err)
		err = intern_all(list);
	if (err) {
		allowlist_free(list);
		return err;
	}
	mutex_lock(&chos_allow_lock);
	for (i = 0; i < list->count; i++)
		WRITE_ONCE(list->entry[i].os->suid, list->entry[i].rule.suid);
	old = rcu_replace_pointer(chos_allowlist, list,
				  lockdep_is_held(&chos_allow_lock));
	mutex_unlock(&chos_allow_lock);
	if (old)
		call_rcu(&old->rcu, allowlist_free_rcu);
	return 0;
}

static bool in_a_group(const struct chos_rule *rule)
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

/* The index of what @wanted names, or -1.  RCU read lock held. */
static int rule_find(const struct allowlist *list, const char *wanted)
{
	bool by_path = *wanted == '/';
	u32 hash = chos_hash(wanted);
	int fallback = -1;
	unsigned int i;

	for (i = 0; list && i < list->count; i++) {
		const struct chos_os *os = list->entry[i].os;

		if ((by_path ? list->entry[i].path_hash : os->hash) != hash ||
		    strcmp(by_path ? os->path : os->name, wanted))
			continue;
		/* "default" only says which: look for the entry it points to. */
		if (!is_default(&list->entry[i].rule))
			return i;
		if (!by_path) {
			int other = rule_find(list, os->path);

			return other < 0 ? i : other;
		}
		fallback = i;
	}
	return fallback;
}

/**
 * chos_allow_check - may the current process enter this OS?
 * @wanted: a name or a path
 * @os: the OS that it names; also set with -EACCES; left alone with -ENOENT
 *
 * The caller counts as on his way into @os, if it is set, until he decrements
 * its @entering.  That begins in the same RCU read-side section as the look at the
 * list, so after a new list and a grace period everybody who goes by an old one counts.
 *
 * Context: takes the RCU read lock.
 * Return: 0; -ENOENT not in the list; -EACCES closed or in none of its groups.
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
		err = rule->closed || !in_a_group(rule) ? -EACCES : 0;
	}
	rcu_read_unlock();
	return err;
}

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

/* The list in force, in the order it was written.  Takes the RCU read lock. */
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
 * @fn: must not sleep
 * @data: handed to @fn
 *
 * Context: takes the RCU read lock.
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

/* How many entries are in force.  Takes the RCU read lock. */
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

/* Module exit, after the last reader; waits for the lists that still go. */
void chos_allow_exit(void)
{
	rcu_barrier();
	allowlist_free(rcu_dereference_protected(chos_allowlist, true));
}
