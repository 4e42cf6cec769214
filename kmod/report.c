// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* Event counters, and messages to the kernel log and the audit log. */
#include <linux/audit.h>
#include <linux/cred.h>
#include <linux/ctype.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/user_namespace.h>

#include "chos.h"

static atomic64_t chos_counters[CHOS_COUNTERS];

/* Context: any. */
void chos_counter_inc(enum chos_counter counter)
{
	atomic64_inc(&chos_counters[counter]);
}

/* Context: any. */
u64 chos_counter_read(enum chos_counter counter)
{
	return atomic64_read(&chos_counters[counter]);
}

static enum chos_counter counter_for(int err)
{
	switch (err) {
	case -EINVAL:
		return CHOS_COUNT_EINVAL;
	case -ENAMETOOLONG:
		return CHOS_COUNT_ENAMETOOLONG;
	case -ENOENT:
		return CHOS_COUNT_ENOENT;
	case -ENOTDIR:
		return CHOS_COUNT_ENOTDIR;
	case -EACCES:
		return CHOS_COUNT_EACCES;
	case -EXDEV:
		return CHOS_COUNT_EXDEV;
	case -EBUSY:
		return CHOS_COUNT_EBUSY;
	case -EPERM:
		return CHOS_COUNT_EPERM;
	default:
		return CHOS_COUNT_OTHER;
	}
}

/*
 * Writes one event to both logs.  A user controls @name, so it is escaped and comes
 * last: it cannot forge another line or another field.
 * Context: process context; may sleep if @gfp allows it.
 */
static void log_event(const char *op, const char *name, int err, gfp_t gfp)
{
	unsigned int uid = from_kuid(&init_user_ns, current_uid());
	int len = strnlen(name, CHOS_NAME_MAX);

	pr_notice("%s: uid=%u pid=%d error=%d name=%*pE\n", op, uid,
		  current->tgid, err, len, name);
	/* audit_log_untrustedstring() is not exported; audit tools decode hex as well. */
	audit_log(NULL, gfp, AUDIT_KERNEL, "chos op=%s uid=%u pid=%d error=%d name=%*phN",
		  op, uid, current->tgid, err, len, name);
}

/**
 * chos_report_refusal - count and log a refused write to setchos
 * @wanted: the text that was written
 * @err: the negative errno that the write returns
 *
 * Context: may sleep.
 */
void chos_report_refusal(const char *wanted, int err)
{
	static DEFINE_RATELIMIT_STATE(limit, DEFAULT_RATELIMIT_INTERVAL,
				      DEFAULT_RATELIMIT_BURST);

	chos_counter_inc(counter_for(err));
	if (__ratelimit(&limit))
		log_event("refused", wanted, -err, GFP_KERNEL);
}

/**
 * chos_report_kill - count and log a process that the guard kills
 * @program: the name of its program
 *
 * Context: process context; does not sleep.
 */
void chos_report_kill(const char *program)
{
	/* A separate limit: refusals, which any user can cause, must not suppress kills. */
	static DEFINE_RATELIMIT_STATE(limit, DEFAULT_RATELIMIT_INTERVAL,
				      DEFAULT_RATELIMIT_BURST);

	chos_counter_inc(CHOS_COUNT_KILLED);
	if (__ratelimit(&limit))
		log_event("killed", program, 0, GFP_ATOMIC);
}
