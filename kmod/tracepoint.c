// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* Finds a tracepoint of the kernel by name, because most are not exported by symbol. */
#include <linux/string.h>
#include <linux/tracepoint.h>

#include "chos.h"

/* What to search for, and the result. */
struct search {
	const char *name;
	struct tracepoint *found;
};

/* Called for each tracepoint. */
static void tracepoint_match(struct tracepoint *tp, void *data)
{
	struct search *search = data;

	if (!strcmp(tp->name, search->name))
		search->found = tp;
}

/**
 * chos_tracepoint_find - find a tracepoint of the core kernel, not of a module
 * @name: its name, for example "sched_process_fork"
 *
 * Context: may sleep.
 * Return: the tracepoint, which exists as long as the kernel runs, or NULL.
 */
struct tracepoint *chos_tracepoint_find(const char *name)
{
	struct search search = { .name = name };

	for_each_kernel_tracepoint(tracepoint_match, &search);
	return search.found;
}
