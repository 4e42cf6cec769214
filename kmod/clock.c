// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* The clock with which the kernel stamps new processes: their start_boottime. */
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/limits.h>

#include "chos.h"

/**
 * chos_clock_is_coarse - may a PID be reused before the clock advances?
 *
 * That is so with the clock source jiffies; all others advance in a fraction of the limit
 * of 100 us.  A change that was seen late, because of an interrupt, looks large; so the
 * smallest of some counts.
 *
 * Context: any; takes up to 9 jiffies.
 * Return: whether it is.
 */
bool chos_clock_is_coarse(void)
{
	const u64 limit = 100 * NSEC_PER_USEC;
	u64 last = ktime_get_boottime_ns(), step = U64_MAX;
	unsigned int i;

	for (i = 0; i < 8 && step >= limit; i++) {
		u64 now;

		do {
			cpu_relax();
			now = ktime_get_boottime_ns();
		} while (now == last);
		step = min(step, now - last);
		last = now;
	}
	return step >= limit;
}
