// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * The process table: one 64-bit word for each PID, in pages that come when a
 * PID below them is first used and go at unload.  Three levels, so that a
 * pid_max of four million costs nothing until so many processes exist.
 *
 * A word is read with one READ_ONCE and written with one WRITE_ONCE or cmpxchg;
 * there is no lock.  What makes a word trustworthy is the stamp in it.
 */
#include <linux/build_bug.h>
#include <linux/gfp.h>

#include "fast.h"

static_assert(LEAF_SIZE * sizeof(u64) <= PAGE_SIZE);
static_assert(MID_SIZE * sizeof(u64 *) <= PAGE_SIZE);

u64 **chos_top[TOP_SIZE];
static atomic_long_t chos_table_pages;

/* Any context; the page belongs to the table until unload. */
static void *page_get(void **place, gfp_t gfp)
{
	void *page = READ_ONCE(*place);
	void *fresh;

	if (page)
		return page;
	fresh = (void *)get_zeroed_page(gfp);
	if (!fresh)
		return NULL;
	page = cmpxchg(place, NULL, fresh);
	if (page) {
		free_page((unsigned long)fresh);
		return page;
	}
	atomic_long_inc(&chos_table_pages);
	return fresh;
}

/**
 * chos_table_get - the word of a process, its page made if need be
 * @tgid: PID of the process in the first PID namespace
 * @gfp: how to allocate; with GFP_KERNEL it may sleep
 *
 * Return: the word, or NULL without memory.
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
 * chos_table_next - the first PID from @from on whose word was ever written
 * @from: where to begin
 *
 * Context: any, lock-free.
 * Return: the PID, or -1 when there is none.
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

size_t chos_table_bytes(void)
{
	return sizeof(chos_top) +
	       (size_t)atomic_long_read(&chos_table_pages) * PAGE_SIZE;
}

/* Module exit, after the last reader and the last probe are gone. */
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
