/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * The way from a process to its OS, inline: every path walk inside an OS takes it,
 * and the calls would cost more than the work.  Lock-free, any context.
 */
#ifndef CHOS_FAST_H
#define CHOS_FAST_H

#include <linux/threads.h>

#include "chos.h"

/* table.c: three levels of pages, a word of the table at the bottom. */
#define LEAF_BITS (PAGE_SHIFT - 3) /* words in a page */
#define LEAF_SIZE (1UL << LEAF_BITS)
#define MID_BITS (PAGE_SHIFT - 3) /* leaves below a middle page */
#define MID_SIZE (1UL << MID_BITS)
#define TOP_SIZE DIV_ROUND_UP(PID_MAX_LIMIT + 1UL, LEAF_SIZE * MID_SIZE)

extern u64 **chos_top[TOP_SIZE];

/**
 * chos_table_find - the word of a process, if its page is there
 * @tgid: PID of the process in the first PID namespace
 *
 * Context: any, lock-free.  The pointer stays valid until unload.
 * Return: the word, or NULL when no process near this PID was ever in an OS.
 */
static inline u64 *chos_table_find(pid_t tgid)
{
	unsigned long pid = tgid;
	u64 **mid, *leaf;

	if (unlikely(pid > PID_MAX_LIMIT))
		return NULL;
	mid = READ_ONCE(chos_top[pid >> (LEAF_BITS + MID_BITS)]);
	if (!mid)
		return NULL;
	leaf = READ_ONCE(mid[(pid >> LEAF_BITS) & (MID_SIZE - 1)]);
	return leaf ? &leaf[pid & (LEAF_SIZE - 1)] : NULL;
}

/* os.c: number to OS, in pages. */
#define PAGE_OSS (PAGE_SIZE / sizeof(struct chos_os *))
#define OS_PAGES DIV_ROUND_UP(CHOS_ID_FIRST + CHOS_OS_MAX, PAGE_OSS)

extern struct chos_os **chos_os_pages[OS_PAGES];

/**
 * chos_os_by_id - the OS with a number
 * @id: a number that was read from the process table
 *
 * Context: any, lock-free.  Return: the OS; the base OS for CHOS_ID_NONE.
 */
static inline struct chos_os *chos_os_by_id(unsigned int id)
{
	struct chos_os **page, *os;

	if (id < CHOS_ID_FIRST || id >= CHOS_ID_FIRST + CHOS_OS_MAX)
		return &chos_base;
	page = READ_ONCE(chos_os_pages[id / PAGE_OSS]);
	os = page ? READ_ONCE(page[id % PAGE_OSS]) : NULL;
	return os ?: &chos_base;
}

#endif /* CHOS_FAST_H */
