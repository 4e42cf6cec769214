// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* Counters, and what goes to the kernel's log and to the audit log. */
#include <linux/audit.h>
#include <linux/cred.h>
#include <linux/ctype.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/user_namespace.h>

#include "chos.h"

static atomic64_t chos_counters[CHOS_COUNTS];

/* Any context. */
void chos_count(enum chos_count what)
{
	atomic64_inc(&chos_counters[what]);
}

u64 chos_counted(enum chos_count what)
{
	return atomic64_read(&chos_counters[what]);
}

static enum chos_count counter_of(int err)
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
 * One event for both logs.  @what is the user's text or a file's name: escaped and
 * last, so that it can be no second line and no second field.
 */
static void log_event(const char *op, const char *what, int err, gfp_t gfp)
{
	unsigned int uid = from_kuid(&init_user_ns, current_uid());
	int len = strnlen(what, CHOS_NAME_MAX);

	pr_notice("%s: uid=%u pid=%d error=%d name=%*pE\n", op, uid,
		  current->tgid, err, len, what);
	/* audit's own untrusted strings are not exported; hex is one of its forms. */
	audit_log(NULL, gfp, AUDIT_KERNEL, "chos op=%s uid=%u pid=%d error=%d name=%*phN",
		  op, uid, current->tgid, err, len, what);
}

/**
 * chos_report_refusal - count and log a refused write to setchos
 * @wanted: what was written
 * @err: what the writer got
 *
 * Context: may sleep.
 */
void chos_report_refusal(const char *wanted, int err)
{
	static DEFINE_RATELIMIT_STATE(limit, DEFAULT_RATELIMIT_INTERVAL,
				      DEFAULT_RATELIMIT_BURST);

	chos_count(counter_of(err));
	if (__ratelimit(&limit))
		log_event("refused", wanted, -err, GFP_KERNEL);
}

/**
 * chos_report_kill - count and log a program that was ended by the guard
 * @program: its name
 *
 * Context: any; does not sleep.
 */
void chos_report_kill(const char *program)
{
	/* Of its own: refusals, which anybody can cause, must not silence it. */
	static DEFINE_RATELIMIT_STATE(limit, DEFAULT_RATELIMIT_INTERVAL,
				      DEFAULT_RATELIMIT_BURST);

	chos_count(CHOS_COUNT_KILLED);
	if (__ratelimit(&limit))
		log_event("killed", program, 0, GFP_ATOMIC);
}
