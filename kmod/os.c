// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * The OSs that were ever allowed.  They are interned: a (name, path) pair gets one
 * number and one object that live until unload.  So a number in the process table
 * always has a meaning, an OS that was removed keeps its processes, and the
 * strings can be handed to path walks without a reference.
 */
#include <linux/gfp.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/stringhash.h>

#include "fast.h"

#define BUCKETS 64

static DEFINE_MUTEX(chos_os_lock);
/* Number to OS in pages that come on demand; written under chos_os_lock. */
struct chos_os **chos_os_pages[OS_PAGES];
static struct hlist_head chos_os_hash[BUCKETS];
static unsigned int chos_os_used; /* interned so far */
/* The names of the farm's links by index, NULL for directories; chos_os_lock. */
static const char *chos_link_names[CHOS_LAYOUT_MAX];
static const char *chos_base_links[CHOS_LAYOUT_MAX];

/* The OS of whoever is in none. */
struct chos_os chos_base = {
	.name = CHOS_BASE_PATH,
	.path = CHOS_BASE_PATH,
	.id = CHOS_ID_BASE,
	.suid = true,
	.links = chos_base_links,
};

u32 chos_hash(const char *s)
{
	return full_name_hash(NULL, s, strlen(s));
}

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

static void links_free(const char **links)
{
	unsigned int i;

	for (i = 0; links && i < CHOS_LAYOUT_MAX; i++)
		kfree(links[i]);
	kfree(links);
}

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

/* chos_os_lock held. */
static int os_add(struct chos_os *os)
{
	unsigned int id = CHOS_ID_FIRST + chos_os_used;
	struct chos_os **page;

	if (chos_os_used >= CHOS_OS_MAX)
		return -ENOSPC;
	page = chos_os_pages[id / PAGE_OSS];
	if (!page) {
		page = (struct chos_os **)get_zeroed_page(GFP_KERNEL);
		if (!page)
			return -ENOMEM;
		/* Pairs with the dependent loads of chos_os_by_id(). */
		smp_store_release(&chos_os_pages[id / PAGE_OSS], page);
	}
	os->id = id;
	hlist_add_head(&os->bucket, &chos_os_hash[os->hash % BUCKETS]);
	/* Pairs with the dependent loads of chos_os_by_id(). */
	smp_store_release(&page[id % PAGE_OSS], os);
	WRITE_ONCE(chos_os_used, chos_os_used + 1);
	return 0;
}

/**
 * chos_os_intern - the object of an OS, made if it is new
 * @name: its name, already checked
 * @path: its path, already checked
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

/* "os/trixie" + "usr"; relative, so that it holds in the farm and at /chos alike. */
static const char *link_text(const struct chos_os *os, const char *name)
{
	if (os == &chos_base)
		return kasprintf(GFP_KERNEL, CHOS_FARM_LOCAL "/%s", name);
	return kasprintf(GFP_KERNEL, "%s/%s", os->path + 1, name);
}

/*
 * Makes the texts of @os's links from @first to before @first + @n in @links.
 * chos_os_lock held; may sleep.  0 or -ENOMEM, after which some may be there.
 */
static int links_fill(const struct chos_os *os, const char **links,
		      unsigned int first, unsigned int n)
{
	unsigned int i;

	for (i = first; i < first + n; i++) {
		if (!chos_link_names[i])
			continue;
		links[i] = link_text(os, chos_link_names[i]);
		if (!links[i])
			return -ENOMEM;
	}
	return 0;
}

/**
 * chos_os_prepare - give an OS the texts of the farm's links
 * @os: the OS, before the first process enters it
 *
 * Context: may sleep; takes chos_os_lock the first time.  Return: 0 or -ENOMEM.
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

typedef int (*links_fn)(struct chos_os *os, unsigned int first, unsigned int n);

/* chos_os_lock held; calls @fn for the base and each prepared OS till it fails. */
static int prepared_do(links_fn fn, unsigned int first, unsigned int n)
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

static int links_make(struct chos_os *os, unsigned int first, unsigned int n)
{
	return links_fill(os, os->links, first, n);
}

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
 * chos_os_add_links - texts for new names of the layout, in all OSs or in none
 * @first: index of the first of them; no reader knows it yet
 * @n: how many
 * @names: their names, NULL for a directory; must live until unload, or
 *	until chos_os_drop_links()
 *
 * Context: may sleep; takes chos_os_lock.  Return: 0 or -ENOMEM.
 */
int chos_os_add_links(unsigned int first, unsigned int n, const char *const *names)
{
	int err;

	mutex_lock(&chos_os_lock);
	memcpy(chos_link_names + first, names, n * sizeof(*names));
	err = prepared_do(links_make, first, n);
	mutex_unlock(&chos_os_lock);
	if (err)
		chos_os_drop_links(first, n);
	return err;
}

/**
 * chos_os_drop_links - take back what chos_os_add_links() added
 * @first: index of the first name; no reader knows it
 * @n: how many
 *
 * Context: may sleep; takes chos_os_lock.
 */
void chos_os_drop_links(unsigned int first, unsigned int n)
{
	mutex_lock(&chos_os_lock);
	prepared_do(links_drop, first, n);
	memset(chos_link_names + first, 0, n * sizeof(*chos_link_names));
	mutex_unlock(&chos_os_lock);
}

unsigned int chos_os_count(void)
{
	return READ_ONCE(chos_os_used);
}

/* Module exit, after the last reader. */
void chos_os_exit(void)
{
	unsigned int i;

	links_drop(&chos_base, 0, CHOS_LAYOUT_MAX);
	for (i = CHOS_ID_FIRST; i < CHOS_ID_FIRST + chos_os_used; i++)
		os_free(chos_os_pages[i / PAGE_OSS][i % PAGE_OSS]);
	for (i = 0; i < OS_PAGES; i++)
		free_page((unsigned long)chos_os_pages[i]);
}
