// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * The targets of the farm's links in each OS.  An OS gets them when a process is about to
 * enter it for the first time; names that are added to the layout later are added to all
 * OSs that have targets.  The strings live until unload, because a path walk may use them
 * at any time after it has read the link.
 */
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "chos.h"

/* The links in the farm by index; NULL for directories.  Under chos_os_lock. */
static const char *chos_link_names[CHOS_LAYOUT_MAX];
const char *chos_base_links[CHOS_LAYOUT_MAX];

/* Frees the targets of an OS that no reader sees; @links may be NULL.  Context: any. */
static void links_free(const char **links)
{
	unsigned int i;

	for (i = 0; links && i < CHOS_LAYOUT_MAX; i++)
		kfree(links[i]);
	kfree(links);
}

/* Frees the targets of @os, if it has some and no reader sees them.  Context: any. */
void chos_targets_free(struct chos_os *os)
{
	links_free(os->links);
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

/* Names whose targets are made or dropped, and the result. */
struct names {
	unsigned int first, n;
	int err;
};

/* Sets the targets of new names in @os, unless an earlier call has failed; may sleep. */
static void links_make(struct chos_os *os, void *data)
{
	struct names *names = data;

	if (os->links && !names->err)
		names->err = links_fill(os, os->links, names->first, names->n);
}

/* Frees the targets of names in @os. */
static void links_drop(struct chos_os *os, void *data)
{
	const struct names *names = data;
	unsigned int i;

	for (i = names->first; os->links && i < names->first + names->n; i++) {
		kfree(os->links[i]);
		os->links[i] = NULL;
	}
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
	struct names added = { .first = first, .n = n };

	mutex_lock(&chos_os_lock);
	memcpy(chos_link_names + first, names, n * sizeof(*names));
	chos_os_each(links_make, &added);
	mutex_unlock(&chos_os_lock);
	if (added.err)
		chos_os_drop_links(first, n);
	return added.err;
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
	struct names dropped = { .first = first, .n = n };

	mutex_lock(&chos_os_lock);
	chos_os_each(links_drop, &dropped);
	memset(chos_link_names + first, 0, n * sizeof(*chos_link_names));
	mutex_unlock(&chos_os_lock);
}

/* Called at module exit, when no reader is left. */
void chos_targets_exit(void)
{
	struct names all = { .n = CHOS_LAYOUT_MAX };

	links_drop(&chos_base, &all);
}
