/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * The lookup from a process to its OS.  It is inline because every path walk inside
 * an OS does it, and the function calls would cost more than the work.  Lock-free,
 * any context.
 */
#ifndef CHOS_FAST_H
#define CHOS_FAST_H

#include <linux/threads.h>

#include "chos.h"

/* table.c: three levels of pages; the lowest, the leaves, hold the words. */
#define LEAF_BITS (PAGE_SHIFT - 3) /* words in a page */
#define LEAF_SIZE (1UL << LEAF_BITS)
#define MID_BITS (PAGE_SHIFT - 3) /* leaves below a middle page */
#define MID_SIZE (1UL << MID_BITS)
#define TOP_SIZE DIV_ROUND_UP(PID_MAX_LIMIT + 1UL, LEAF_SIZE * MID_SIZE)

extern u64 **chos_top[TOP_SIZE];

/**
 * chos_table_find - look up the word of a process
 * @tgid: PID of the process in the initial PID namespace
 *
 * Context: any, lock-free.  The pointer stays valid until unload.
 * Return: the word, or NULL if its page was never allocated, which means that no
 * process with a PID in the page's range has had a word.
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

/* os.c: pages that map OS numbers to OSs. */
#define OSS_PER_PAGE (PAGE_SIZE / sizeof(struct chos_os *))
#define OS_PAGES DIV_ROUND_UP(CHOS_OS_END, OSS_PER_PAGE)

extern struct chos_os **chos_os_pages[OS_PAGES];

/**
 * chos_os_by_id - look up an OS by its number
 * @id: the number
 *
 * Context: the RCU read lock is held since @id was read, or chos_os_lock is held, or the
 * number is stable for another reason.
 * Return: the OS; the base OS for CHOS_ID_NONE, CHOS_ID_BASE and numbers that are
 * not in use.
 */
static inline struct chos_os *chos_os_by_id(unsigned int id)
{
	struct chos_os **page, *os;

	if (id < CHOS_ID_FIRST || id >= CHOS_OS_END)
		return &chos_base;
	page = READ_ONCE(chos_os_pages[id / OSS_PER_PAGE]);
	os = page ? READ_ONCE(page[id % OSS_PER_PAGE]) : NULL;
	return os ?: &chos_base;
}

#endif /* CHOS_FAST_H */
