// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* Finding a tracepoint of the kernel by name; they are not exported one by one. */
#include <linux/string.h>
#include <linux/tracepoint.h>

#include "chos.h"

struct search {
	const char *name;
	struct tracepoint *found;
};

static void tracepoint_match(struct tracepoint *tp, void *data)
{
	struct search *search = data;

	if (!strcmp(tp->name, search->name))
		search->found = tp;
}

/**
 * chos_tracepoint_find - a tracepoint of the kernel proper by its name
 * @name: for instance "sched_process_fork"
 *
 * Context: may sleep.
 * Return: the tracepoint, which never goes away, or NULL.
 */
struct tracepoint *chos_tracepoint_find(const char *name)
{
	struct search search = { .name = name };

	for_each_kernel_tracepoint(tracepoint_match, &search);
	return search.found;
}
