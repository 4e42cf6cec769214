// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * The process table: one 64-bit word per PID, in a tree of pages with three levels.
 * A page is allocated when a PID in its range first needs it, and freed at unload.  So
 * a pid_max of four million costs no memory until that many processes exist.
 *
 * There is no lock: each word is read with a single READ_ONCE() and written with a
 * single store or cmpxchg().  A word outlives its process; the creation stamp in it
 * tells whether it belongs to the process that has the PID now.
 */
#include <linux/build_bug.h>
#include <linux/gfp.h>

#include "fast.h"

static_assert(LEAF_SIZE * sizeof(u64) <= PAGE_SIZE);
static_assert(MID_SIZE * sizeof(u64 *) <= PAGE_SIZE);

u64 **chos_top[TOP_SIZE];
static atomic_long_t chos_table_pages;

/*
 * Returns the page at *@slot and allocates it if it is missing.  The table owns the
 * page until unload.  Context: any that @gfp allows.  NULL: no memory.
 */
static void *page_get(void **slot, gfp_t gfp)
{
	void *page = READ_ONCE(*slot);
	void *fresh;

	if (page)
		return page;
	fresh = (void *)get_zeroed_page(gfp);
	if (!fresh)
		return NULL;
	page = cmpxchg(slot, NULL, fresh);
	if (page) {
		free_page((unsigned long)fresh);
		return page;
	}
	atomic_long_inc(&chos_table_pages);
	return fresh;
}

/**
 * chos_table_get - look up the word of a process, and allocate its page if needed
 * @tgid: PID of the process in the initial PID namespace
 * @gfp: allocation flags
 *
 * Context: any that @gfp allows; may sleep with GFP_KERNEL.
 * Return: the word, which stays valid until unload, or NULL if memory is short.
 */
u64 *chos_table_get(pid_t tgid, gfp_t gfp)
{
	unsigned long pid = tgid;
	u64 **mid, *leaf;

	if (WARN_ON_ONCE(pid > PID_MAX_LIMIT))
		return NULL;
	mid = page_get((void **)&chos_top[pid >> (LEAF_BITS + MID_BITS)], gfp);
	if (!mid)
		return NULL;
	leaf = page_get((void **)&mid[(pid >> LEAF_BITS) & (MID_SIZE - 1)], gfp);
	return leaf ? &leaf[pid & (LEAF_SIZE - 1)] : NULL;
}

/**
 * chos_table_next - find the lowest PID, not below @from, whose word was ever written
 * @from: where to begin
 *
 * Context: any, lock-free.
 * Return: the PID, or -1 if there is none.
 */
pid_t chos_table_next(pid_t from)
{
	unsigned long pid = from;

	while (pid <= PID_MAX_LIMIT) {
		u64 **mid = READ_ONCE(chos_top[pid >> (LEAF_BITS + MID_BITS)]);
		u64 *leaf;

		if (!mid) {
			pid = (pid | (LEAF_SIZE * MID_SIZE - 1)) + 1;
			continue;
		}
		leaf = READ_ONCE(mid[(pid >> LEAF_BITS) & (MID_SIZE - 1)]);
		if (!leaf) {
			pid = (pid | (LEAF_SIZE - 1)) + 1;
			continue;
		}
		do {
			if (READ_ONCE(leaf[pid & (LEAF_SIZE - 1)]))
				return pid;
			pid++;
		} while (pid & (LEAF_SIZE - 1));
	}
	return -1;
}

/* The memory that the table uses.  Context: any. */
size_t chos_table_bytes(void)
{
	return sizeof(chos_top) +
	       (size_t)atomic_long_read(&chos_table_pages) * PAGE_SIZE;
}

/* Called at module exit, when no reader and no probe is left. */
void chos_table_exit(void)
{
	unsigned long i, j;

	for (i = 0; i < TOP_SIZE; i++) {
		u64 **mid = chos_top[i];

		if (!mid)
			continue;
		for (j = 0; j < MID_SIZE; j++)
			free_page((unsigned long)mid[j]);
		free_page((unsigned long)mid);
	}
}
