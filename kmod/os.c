// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * The OSs that were ever in the allowlist.  They are interned: each pair of name and
 * path has one number and one object, both of which live until unload.  Therefore
 *
 * - a number in the process table stays valid,
 * - the processes in an OS stay in it when the allowlist drops the OS,
 * - path walks can use the strings without taking a reference.
 */
#include <linux/gfp.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/stringhash.h>

#include "fast.h"

#define BUCKETS 64

static DEFINE_MUTEX(chos_os_lock);
/* Maps numbers to OSs.  Pages are allocated on demand; written under chos_os_lock. */
struct chos_os **chos_os_pages[OS_PAGES];
static struct hlist_head chos_os_hash[BUCKETS]; /* under chos_os_lock */
/* Number of interned OSs; written under chos_os_lock. */
static unsigned int chos_os_used;
/* The links in the farm by index; NULL for directories.  Under chos_os_lock. */
static const char *chos_link_names[CHOS_LAYOUT_MAX];
static const char *chos_base_links[CHOS_LAYOUT_MAX];

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

/* Frees the targets of an OS that no reader sees.  Context: any. */
static void links_free(const char **links)
{
	unsigned int i;

	for (i = 0; links && i < CHOS_LAYOUT_MAX; i++)
		kfree(links[i]);
	kfree(links);
}

/* Frees an OS that no reader sees; it may be incomplete or NULL.  Context: any. */
static void os_free(struct chos_os *os)
{
	if (!os)
		return;
	links_free(os->links);
	kfree(os->name);
	kfree(os->path);
	kfree(os->tree);
	kfree(os);
}

/* Assigns a number to @os and makes it public.  chos_os_lock held; may sleep. */
static int os_add(struct chos_os *os)
{
	unsigned int id = CHOS_ID_FIRST + chos_os_used;
	struct chos_os **page;

	if (chos_os_used >= CHOS_OS_MAX)
		return -ENOSPC;
	page = chos_os_pages[id / OSS_PER_PAGE];
	if (!page) {
		page = (struct chos_os **)get_zeroed_page(GFP_KERNEL);
		if (!page)
			return -ENOMEM;
		/* Pairs with the dependent loads of chos_os_by_id(). */
		smp_store_release(&chos_os_pages[id / OSS_PER_PAGE], page);
	}
	os->id = id;
	hlist_add_head(&os->bucket, &chos_os_hash[os->hash % BUCKETS]);
	/* Pairs with the dependent loads of chos_os_by_id(). */
	smp_store_release(&page[id % OSS_PER_PAGE], os);
	WRITE_ONCE(chos_os_used, chos_os_used + 1);
	return 0;
}

/**
 * chos_os_intern - find or create the object of an OS
 * @name: its name, which the caller has checked
 * @path: its path, which the caller has checked
 *
 * Context: may sleep; takes chos_os_lock.
 * Return: the OS, or ERR_PTR of -ENOMEM or -ENOSPC.
 */
struct chos_os *chos_os_intern(const char *name, const char *path)
{
	u32 hash = chos_hash(name);
	struct chos_os *os;
	int err = -ENOMEM;

	mutex_lock(&chos_os_lock);
	os = os_find(name, path, hash);
	if (os)
		goto out;
	os = kzalloc(sizeof(*os), GFP_KERNEL);
	if (!os)
		goto fail;
	os->hash = hash;
	os->name = kstrdup(name, GFP_KERNEL);
	os->path = kstrdup(path, GFP_KERNEL);
	os->tree = kasprintf(GFP_KERNEL, "%s/.", path + 1);
	if (!os->name || !os->path || !os->tree)
		goto fail;
	err = os_add(os);
	if (err)
		goto fail;
out:
	mutex_unlock(&chos_os_lock);
	return os;
fail:
	os_free(os);
	mutex_unlock(&chos_os_lock);
	return ERR_PTR(err);
}

/*
 * The target of the link @name for a reader in @os, such as "os/trixie/usr".  It is
 * relative, and so resolves both inside the farm and below /chos in the base OS.
 * May sleep.  Returns an allocated string, or NULL if memory is short.
 */
static const char *link_target(const struct chos_os *os, const char *name)
{
	if (os == &chos_base)
		return kasprintf(GFP_KERNEL, CHOS_FARM_LOCAL "/%s", name);
	return kasprintf(GFP_KERNEL, "%s/%s", os->path + 1, name);
}

/*
 * Sets @n elements of @links, from @first on, to the targets for a reader in @os.
 * chos_os_lock held; may sleep.  Returns 0, or -ENOMEM with some elements set.
 */
static int links_fill(const struct chos_os *os, const char **links,
		      unsigned int first, unsigned int n)
{
	unsigned int i;

	for (i = first; i < first + n; i++) {
		if (!chos_link_names[i])
			continue;
		links[i] = link_target(os, chos_link_names[i]);
		if (!links[i])
			return -ENOMEM;
	}
	return 0;
}

/**
 * chos_os_prepare - give an OS its targets of the links in the farm
 * @os: the OS, which a process is about to enter
 *
 * Context: may sleep; takes chos_os_lock if the OS has no targets yet.
 * Return: 0 or -ENOMEM.
 */
int chos_os_prepare(struct chos_os *os)
{
	const char **links;
	int err = 0;

	/* Pairs with the release below. */
	if (smp_load_acquire(&os->links))
		return 0;
	mutex_lock(&chos_os_lock);
	if (os->links)
		goto out;
	err = -ENOMEM;
	links = kcalloc(CHOS_LAYOUT_MAX, sizeof(*links), GFP_KERNEL);
	if (!links)
		goto out;
	err = links_fill(os, links, 0, CHOS_LAYOUT_MAX);
	if (err) {
		links_free(links);
		goto out;
	}
	/* Pairs with the acquire above and the dependent loads of farm_link_get(). */
	smp_store_release(&os->links, links);
out:
	mutex_unlock(&chos_os_lock);
	return err;
}

/* A function for apply_to_prepared(); called with chos_os_lock held. */
typedef int (*links_fn)(struct chos_os *os, unsigned int first, unsigned int n);

/*
 * Calls @fn for the base OS and each OS that has links, until a call fails.
 * chos_os_lock held; may sleep if @fn does.
 */
static int apply_to_prepared(links_fn fn, unsigned int first, unsigned int n)
{
	unsigned int id;
	int err = fn(&chos_base, first, n);

	for (id = CHOS_ID_FIRST; !err && id < CHOS_ID_FIRST + chos_os_used; id++) {
		struct chos_os *os = chos_os_by_id(id);

		if (os->links)
			err = fn(os, first, n);
	}
	return err;
}

/* A links_fn that sets the targets of new names; may sleep. */
static int links_make(struct chos_os *os, unsigned int first, unsigned int n)
{
	return links_fill(os, os->links, first, n);
}

/* A links_fn that frees the targets of names; never fails. */
static int links_drop(struct chos_os *os, unsigned int first, unsigned int n)
{
	unsigned int i;

	for (i = first; i < first + n; i++) {
		kfree(os->links[i]);
		os->links[i] = NULL;
	}
	return 0;
}

/**
 * chos_os_add_links - add the targets of new names to all OSs or, on error, to none
 * @first: index of the first new name in the layout, not yet public
 * @n: number of new names
 * @names: the names, NULL for a directory; they must live until unload or until
 *	chos_os_drop_links()
 *
 * Context: may sleep; takes chos_os_lock.  Return: 0 or -ENOMEM.
 */
int chos_os_add_links(unsigned int first, unsigned int n, const char *const *names)
{
	int err;

	mutex_lock(&chos_os_lock);
	memcpy(chos_link_names + first, names, n * sizeof(*names));
	err = apply_to_prepared(links_make, first, n);
	mutex_unlock(&chos_os_lock);
	if (err)
		chos_os_drop_links(first, n);
	return err;
}

/**
 * chos_os_drop_links - undo chos_os_add_links()
 * @first: index of the first name in the layout, not public
 * @n: number of names
 *
 * Context: may sleep; takes chos_os_lock.
 */
void chos_os_drop_links(unsigned int first, unsigned int n)
{
	mutex_lock(&chos_os_lock);
	apply_to_prepared(links_drop, first, n);
	memset(chos_link_names + first, 0, n * sizeof(*chos_link_names));
	mutex_unlock(&chos_os_lock);
}

/* The number of interned OSs.  Context: any. */
unsigned int chos_os_count(void)
{
	return READ_ONCE(chos_os_used);
}

/* Called at module exit, when no reader is left. */
void chos_os_exit(void)
{
	unsigned int i;

	links_drop(&chos_base, 0, CHOS_LAYOUT_MAX);
	for (i = CHOS_ID_FIRST; i < CHOS_ID_FIRST + chos_os_used; i++)
		os_free(chos_os_pages[i / OSS_PER_PAGE][i % OSS_PER_PAGE]);
	for (i = 0; i < OS_PAGES; i++)
		free_page((unsigned long)chos_os_pages[i]);
}
