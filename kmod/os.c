// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * The OSs that the allowlist has or had.  They are interned: each pair of name and path
 * has one object and one number.
 *
 * An OS keeps its number as long as a list has it or a process is in it: a number in the
 * table must not change its meaning.  When all numbers are taken, those of other OSs are
 * used again.
 *
 * The object of an OS that a process may have entered lives until unload, with or without
 * a number, because path walks use its strings without a reference, even after they have
 * left RCU mode.  Other objects are freed when they lose their numbers, after a grace
 * period.
 */
#include <linux/bitmap.h>
#include <linux/gfp.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/stringhash.h>

#include "fast.h"

#define BUCKETS 64

/* Protects what follows, and the link targets of each OS. */
DEFINE_MUTEX(chos_os_lock);
/* Maps numbers to OSs.  Pages are allocated on demand; read under RCU. */
struct chos_os **chos_os_pages[OS_PAGES];
static struct hlist_head chos_os_hash[BUCKETS];
/* The numbers that OSs have; how many those are, and the end of their range. */
static DECLARE_BITMAP(chos_os_numbers, CHOS_OS_END);
static unsigned int chos_os_numbered;
static unsigned int chos_os_range = CHOS_ID_FIRST;
/* The objects without a number that must be kept. */
static unsigned int chos_os_kept;

/* The base OS: the OS of each process that is in no other. */
struct chos_os chos_base = {
	.name = CHOS_BASE_PATH,
	.path = CHOS_BASE_PATH,
	.id = CHOS_ID_BASE,
	.suid = true,
	.links = chos_base_links,
};

/* Context: any. */
u32 chos_hash(const char *s)
{
	return full_name_hash(NULL, s, strlen(s));
}

/* chos_os_lock held. */
static struct chos_os *os_find(const char *name, const char *path, u32 hash)
{
	struct chos_os *os;

	hlist_for_each_entry(os, &chos_os_hash[hash % BUCKETS], bucket) {
		if (os->hash == hash && !strcmp(os->name, name) &&
		    !strcmp(os->path, path))
			return os;
	}
	return NULL;
}

/* Frees an OS that no reader sees; it may be incomplete or NULL.  Context: any. */
static void os_free(struct chos_os *os)
{
	if (!os)
		return;
	chos_targets_free(os);
	kfree(os->name);
	kfree(os->path);
	kfree(os->tree);
	kfree(os);
}

/* RCU callback: must not sleep. */
static void os_free_rcu(struct rcu_head *head)
{
	os_free(container_of(head, struct chos_os, rcu));
}

/* Creates the object of an OS, without a number.  May sleep.  NULL: no memory. */
static struct chos_os *os_new(const char *name, const char *path, u32 hash)
{
	struct chos_os *os = kzalloc(sizeof(*os), GFP_KERNEL);

	if (!os)
		return NULL;
	os->hash = hash;
	os->name = kstrdup(name, GFP_KERNEL);
	os->path = kstrdup(path, GFP_KERNEL);
	os->tree = kasprintf(GFP_KERNEL, "%s/.", path + 1);
	if (os->name && os->path && os->tree)
		return os;
	os_free(os);
	return NULL;
}

/**
 * chos_os_intern - find or create the object of an OS
 * @name: its name, which the caller has checked
 * @path: its path, which the caller has checked
 *
 * A new object has no number.  The caller gives it one with chos_os_assign(), or calls
 * chos_os_drop_new().
 *
 * Context: may sleep; chos_allow_lock is held; takes chos_os_lock.
 * Return: the OS, or NULL if memory is short.
 */
struct chos_os *chos_os_intern(const char *name, const char *path)
{
	u32 hash = chos_hash(name);
	struct chos_os *os;

	mutex_lock(&chos_os_lock);
	os = os_find(name, path, hash);
	if (!os) {
		os = os_new(name, path, hash);
		if (os)
			hlist_add_head(&os->bucket, &chos_os_hash[hash % BUCKETS]);
	}
	mutex_unlock(&chos_os_lock);
	return os;
}

/* Frees the OSs that never had a number.  Context: as chos_os_intern(). */
void chos_os_drop_new(void)
{
	struct hlist_node *next;
	struct chos_os *os;
	unsigned int i;

	mutex_lock(&chos_os_lock);
	for (i = 0; i < BUCKETS; i++) {
		hlist_for_each_entry_safe(os, next, &chos_os_hash[i], bucket) {
			if (os->id || os->links)
				continue;
			hlist_del(&os->bucket);
			os_free(os);
		}
	}
	mutex_unlock(&chos_os_lock);
}

/*
 * Takes the number of @os away, which nobody uses, and frees @os unless strings of it may
 * be in use.  chos_os_lock held.
 */
static void os_retire(struct chos_os *os)
{
	/* Set when a process was about to enter it. */
	if (os->links && chos_os_kept == CHOS_OS_MAX)
		return;
	WRITE_ONCE(chos_os_pages[os->id / OSS_PER_PAGE][os->id % OSS_PER_PAGE], NULL);
	__clear_bit(os->id, chos_os_numbers);
	WRITE_ONCE(chos_os_numbered, chos_os_numbered - 1);
	if (os->links) {
		WRITE_ONCE(os->id, CHOS_ID_NONE);
		chos_os_kept++;
		return;
	}
	hlist_del(&os->bucket);
	call_rcu(&os->rcu, os_free_rcu);
}

/*
 * Takes the numbers away from all OSs that are not in @keep and in which no process is.
 * It does nothing unless all forks are tracked: otherwise a process that is not known yet
 * may take its OS, and the number, from an ancestor that is gone.
 * chos_os_lock held; may sleep, for some grace periods.
 */
static void numbers_reclaim(unsigned long *keep)
{
	unsigned int id;

	chos_usage_mark(keep);
	/*
	 * A process may have left its OS while another thread of it was between the load
	 * of its word and the load of the OS.  Both are in one read-side critical section.
	 */
	synchronize_rcu();
	if (!chos_inherit_is_exact())
		return;
	for_each_set_bit(id, chos_os_numbers, chos_os_range) {
		if (!test_bit(id, keep))
			os_retire(chos_os_by_id(id));
	}
}

/* Allocates the pages of chos_os_pages for numbers below @end.  chos_os_lock held. */
static int pages_make(unsigned int end)
{
	unsigned int i;

	for (i = 0; i < DIV_ROUND_UP(end, OSS_PER_PAGE); i++) {
		struct chos_os **page = chos_os_pages[i];

		if (page)
			continue;
		page = (struct chos_os **)get_zeroed_page(GFP_KERNEL);
		if (!page)
			return -ENOMEM;
		/* Pairs with the dependent loads of chos_os_by_id(). */
		smp_store_release(&chos_os_pages[i], page);
	}
	return 0;
}

/**
 * chos_os_reserve - make sure that there are free numbers
 * @n: how many
 * @keep: CHOS_OS_END bits: the numbers that lists have; is modified
 *
 * Context: may sleep; chos_allow_lock is held until the numbers are assigned; takes
 * chos_os_lock.
 * Return: 0, -ENOSPC or -ENOMEM.
 */
int chos_os_reserve(unsigned int n, unsigned long *keep)
{
	int err = -ENOSPC;

	mutex_lock(&chos_os_lock);
	if (chos_os_numbered + n > CHOS_OS_MAX)
		numbers_reclaim(keep);
	if (chos_os_numbered + n <= CHOS_OS_MAX)
		err = pages_make(min(chos_os_range + n, CHOS_OS_END));
	mutex_unlock(&chos_os_lock);
	return err;
}

/**
 * chos_os_assign - give an OS a number, which makes it public
 * @os: the OS; nothing is done if it has a number
 *
 * Context: may sleep; chos_os_reserve() succeeded; takes chos_os_lock.
 */
void chos_os_assign(struct chos_os *os)
{
	unsigned int id;

	if (os->id)
		return;
	mutex_lock(&chos_os_lock);
	id = find_next_zero_bit(chos_os_numbers, CHOS_OS_END, CHOS_ID_FIRST);
	__set_bit(id, chos_os_numbers);
	WRITE_ONCE(chos_os_numbered, chos_os_numbered + 1);
	WRITE_ONCE(os->id, id);
	if (os->links)
		chos_os_kept--;
	/* Pairs with the dependent loads of chos_os_by_id(). */
	smp_store_release(&chos_os_pages[id / OSS_PER_PAGE][id % OSS_PER_PAGE], os);
	if (id >= chos_os_range)
		WRITE_ONCE(chos_os_range, id + 1);
	mutex_unlock(&chos_os_lock);
}

/* The number of OSs that have numbers.  Context: any. */
unsigned int chos_os_count(void)
{
	return READ_ONCE(chos_os_numbered);
}

/* All OSs have numbers below this.  Context: any. */
unsigned int chos_os_end(void)
{
	return READ_ONCE(chos_os_range);
}

/**
 * chos_os_each - call a function for the base OS and each OS, with or without a number
 * @fn: the function
 * @data: passed to @fn
 *
 * Context: chos_os_lock is held; sleeps if @fn does.
 */
void chos_os_each(void (*fn)(struct chos_os *os, void *data), void *data)
{
	struct chos_os *os;
	unsigned int i;

	fn(&chos_base, data);
	for (i = 0; i < BUCKETS; i++) {
		hlist_for_each_entry(os, &chos_os_hash[i], bucket)
			fn(os, data);
	}
}

/* Is @path the directory @dir, which is not "/", or below it?  Context: any. */
static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return dir[1] && !strncmp(path, dir, len) &&
	       (!path[len] || path[len] == '/');
}

/**
 * chos_os_owner - the OS whose tree a path is in
 * @path: an absolute path as seen in the farm
 *
 * If trees are inside others, the innermost counts; if OSs share a tree, any of them.
 * Context: the RCU read lock is held.
 * Return: the OS, or NULL if @path is in no tree of an OS that has a number.
 */
const struct chos_os *chos_os_owner(const char *path)
{
	unsigned int id, end = chos_os_end();
	const struct chos_os *owner = NULL;

	for (id = CHOS_ID_FIRST; id < end; id++) {
		const struct chos_os *os = chos_os_by_id(id);

		if (os != &chos_base && is_below(path, os->path) &&
		    (!owner || strlen(os->path) > strlen(owner->path)))
			owner = os;
	}
	return owner;
}

/* Called at module exit, when no reader is left; waits for pending RCU callbacks. */
void chos_os_exit(void)
{
	struct hlist_node *next;
	struct chos_os *os;
	unsigned int i;

	rcu_barrier();
	for (i = 0; i < BUCKETS; i++) {
		hlist_for_each_entry_safe(os, next, &chos_os_hash[i], bucket)
			os_free(os);
	}
	for (i = 0; i < OS_PAGES; i++)
		free_page((unsigned long)chos_os_pages[i]);
}
