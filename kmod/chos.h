/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * The interfaces between the source files of the module, one section per file.
 * chos/abi.h defines the protocol with user space.
 *
 * Locks, outermost first:
 *   inode_lock(farm)    layout.c     writers of the farm's directory
 *   chos_layout_lock    layout.c     the names in the farm
 *   chos_allow_lock     allowlist.c  writers of the allowlist
 *   chos_os_lock        os.c         interning, numbers, and the link targets of each OS
 *   lock of fs_struct   root.c, inherit.c
 *                                    a process's root directory with its table word
 * Readers of the link take none of them.  A reader without a word takes the task_lock()
 * of its ancestors, one at a time, if forks are not tracked; it holds no other lock.
 */
#ifndef CHOS_H
#define CHOS_H

#ifdef pr_fmt
#undef pr_fmt
#endif
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/cache.h>
#include <linux/fs.h>
#include <linux/mutex.h>
#include <linux/path.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <chos/abi.h>
#include "compat.h"

#define CHOS_RELEASE "1.0.0"

#ifndef CONFIG_64BIT
#error "chos stores the state of a process in one 64-bit word and needs a 64-bit kernel"
#endif

/* On PREEMPT_RT, spinlocks sleep, and tracepoint probes must not. */
#ifdef CONFIG_PREEMPT_RT
#error "chos does not support PREEMPT_RT kernels"
#endif

struct linux_binprm;
struct seq_file;

/* ---- os.c: the OSs that the allowlist has or had, and their numbers ------ */

/* OS numbers */
#define CHOS_ID_NONE 0U /* unknown: the process never entered an OS */
#define CHOS_ID_BASE 1U /* the base OS; usually the process left another OS */
#define CHOS_ID_FIRST 2U
#define CHOS_OS_END (CHOS_ID_FIRST + CHOS_OS_MAX)

/**
 * struct chos_os - an operating system that was in the allowlist at some time
 * @name: its name; immutable
 * @path: its path as seen in the farm; immutable
 * @tree: @path as looked up from the farm: relative, with a trailing "/." that
 *	makes the lookup require search permission ("os/trixie/."); immutable
 * @hash: chos_hash(@name); immutable
 * @id: its number, or CHOS_ID_NONE if it is in no list and no process is in it; written
 *	under chos_os_lock; stable while a list has it, or a process is in it or enters it
 * @suid: whether setuid programs may gain privileges in it, according to the
 *	newest allowlist that had this OS; READ_ONCE/WRITE_ONCE
 * @links: targets of the farm's links for a reader in this OS, indexed like the
 *	names in the layout.  NULL until chos_os_prepare() sets it, once.  An
 *	element is written under chos_os_lock before its index becomes public.
 * @bucket: hash chain for interning, under chos_os_lock
 * @rcu: for freeing it after a grace period
 * @entering: number of processes that are entering it: from the moment they look
 *	at the allowlist until their words are in the table
 * @enters: number of successful entries
 *
 * Once @links is set, the object lives until unload, so that path walks may use its
 * strings at any time.
 */
struct chos_os {
	const char *name;
	const char *path;
	const char *tree;
	u32 hash;
	u16 id;
	bool suid;
	const char **links;
	struct hlist_node bucket;
	struct rcu_head rcu;
	/* Written at each switch: kept out of the cache line that path walks read. */
	atomic_t entering ____cacheline_aligned_in_smp;
	atomic64_t enters;
};

extern struct chos_os chos_base;
extern struct mutex chos_os_lock;

u32 chos_hash(const char *s);
void chos_os_exit(void);
struct chos_os *chos_os_intern(const char *name, const char *path);
void chos_os_drop_new(void);
int chos_os_reserve(unsigned int n, unsigned long *keep);
void chos_os_assign(struct chos_os *os);
unsigned int chos_os_count(void);
unsigned int chos_os_end(void);
void chos_os_each(void (*fn)(struct chos_os *os, void *data), void *data);
const struct chos_os *chos_os_owner(const char *path);

/* ---- targets.c: the targets of the farm's links in each OS ---------------- */

extern const char *chos_base_links[CHOS_LAYOUT_MAX];

int chos_os_prepare(struct chos_os *os);
int chos_os_add_links(unsigned int first, unsigned int n, const char *const *names);
void chos_os_drop_links(unsigned int first, unsigned int n);
void chos_targets_free(struct chos_os *os);
void chos_targets_exit(void);

/* ---- table.c: one word per process --------------------------------------- */

/*
 * A word holds the creation stamp of the process in its high 48 bits and a field
 * of 16 bits below it.  The low 15 bits of the field are an OS number.  If
 * CHOS_LEFT is clear, the process is in that OS.  If CHOS_LEFT is set, the process
 * is in the base OS, and the number is that of the OS it left while it had other
 * threads, or 0.
 *
 * The stamp is the boot time at which the thread group leader was created, in units
 * of 2 us.  48 bits wrap after 18 years, and no PID is reused within 2 us.  A clock may
 * be coarser, and then a process has the stamp of an earlier one with the same PID.
 * Therefore a tracked fork replaces or clears the word of the child's PID, and without
 * tracking the module refuses to run with such a clock.
 */
#define CHOS_FIELD_BITS 16
#define CHOS_LEFT BIT(15)
static_assert(CHOS_OS_END <= CHOS_LEFT);
#define CHOS_STAMP_SHIFT 11

void chos_table_exit(void);
u64 *chos_table_get(pid_t tgid, gfp_t gfp);
size_t chos_table_bytes(void);
pid_t chos_table_next(pid_t from);

/* ---- inherit.c: the OS of a process, and how its children inherit it ------ */

u64 chos_word_for(struct task_struct *task, unsigned int id);
unsigned int chos_id_of(struct task_struct *task);
unsigned int chos_id_in_use(struct task_struct *task);
struct chos_os *chos_os_of_current(void);
int chos_inherit_init(bool track);
void chos_inherit_exit(void);
const char *chos_inherit_state(void);
bool chos_inherit_is_exact(void);

/* ---- clock.c: the clock that stamps processes ----------------------------- */

bool chos_clock_is_coarse(void);

/* ---- allowlist.c: which OSs may be entered, and by whom ------------------- */

void chos_allow_exit(void);
int chos_allow_replace(char *text);
int chos_allow_check(const char *wanted, struct chos_os **os);
void chos_allow_show(struct seq_file *m);
void chos_allow_each(void (*fn)(const struct chos_os *os, void *data), void *data);
unsigned int chos_allow_count(void);

/* ---- parse.c: one line of the allowlist ----------------------------------- */

/**
 * struct chos_rule - one parsed line of the allowlist
 * @name: points into the parsed text
 * @path: points into the parsed text
 * @groups: the groups that may enter, owned by the rule; NULL if everyone may
 * @ngroups: number of elements of @groups
 * @closed: the line has the option "closed": no further process may enter
 * @suid: the line has the option "suid"
 * @nosuid: the line has the option "nosuid"
 * @linux32: the line has the option "persona=linux32"
 */
struct chos_rule {
	char *name;
	char *path;
	kgid_t *groups;
	unsigned int ngroups;
	bool closed, suid, nosuid, linux32;
};

int chos_parse_rule(char *line, struct chos_rule *rule, const char **expected);
bool chos_name_chars_ok(const char *name);
bool chos_os_name_ok(const char *name);
bool chos_path_ok(const char *path);

/* ---- root.c: moving a process between OSs --------------------------------- */

extern char *chos_farm_param;

int chos_root_enter(struct chos_os *os, int refusal);
int chos_root_leave(void);

/*
 * ---- setchos.c, valid.c, processes.c, usage.c, version.c, layout.c:
 *      the files in /proc/chos
 */

extern const struct file_operations chos_setchos_fops;
extern const struct file_operations chos_valid_fops;
extern const struct file_operations chos_processes_fops;
extern const struct file_operations chos_usage_fops;
extern const struct file_operations chos_version_fops;
extern const struct file_operations chos_layout_fops;

void chos_usage_mark(unsigned long *ids);

/* ---- configure.c: writes that configure the module ------------------------ */

char *chos_configure_text(struct file *file, const char __user *buf, size_t len,
			  loff_t pos, size_t max);

/* ---- link.c, layout.c: the link and the farm ------------------------------ */

extern const struct inode_operations chos_link_iops;
extern const struct inode_operations chos_farm_link_iops;

int chos_layout_fill(struct dentry *farm);
void chos_layout_exit(void);

/* ---- inode.c: the inodes of chosfs ---------------------------------------- */

extern const struct inode_operations chos_file_iops;
extern const struct inode_operations chos_farm_iops;

int chos_setattr(CHOS_IDMAP_ARG struct dentry *dentry, struct iattr *attr);
struct inode *chos_inode(struct super_block *sb, umode_t mode);
bool chos_is_farm(const struct dentry *dentry);
bool chos_is_fs_root(const struct path *path);

/* ---- super.c: the file system --------------------------------------------- */

int chos_fs_init(void);
void chos_fs_exit(void);
void chos_fs_mount(void);

/* ---- guard.c: where no program gains privileges ---------------------------- */

int chos_guard_init(void);
void chos_guard_exit(void);

/* ---- report.c: counters, the kernel log and the audit log ----------------- */

enum chos_counter {
	CHOS_COUNT_ENTERS,
	CHOS_COUNT_LEAVES,
	CHOS_COUNT_EINVAL,
	CHOS_COUNT_ENAMETOOLONG,
	CHOS_COUNT_ENOENT,
	CHOS_COUNT_ENOTDIR,
	CHOS_COUNT_EACCES,
	CHOS_COUNT_EXDEV,
	CHOS_COUNT_EBUSY,
	CHOS_COUNT_EPERM,
	CHOS_COUNT_OTHER,
	CHOS_COUNT_KILLED,
	CHOS_COUNTERS
};

void chos_counter_inc(enum chos_counter counter);
u64 chos_counter_read(enum chos_counter counter);
void chos_report_refusal(const char *wanted, int err);
void chos_report_kill(const char *program);

/* ---- tracepoint.c: finding a tracepoint by name --------------------------- */

struct tracepoint;
struct tracepoint *chos_tracepoint_find(const char *name);

#endif /* CHOS_H */
