/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only */
/*
 * The protocol between the chos kernel module and user space: the files in
 * /proc/chos, what a program may write to them and reads from them, and all limits
 * and errno values.  This header is the only definition of the protocol; the module,
 * the tools, the plugins and the tests include it.  It works in C and C++, inside
 * and outside the kernel.
 *
 * A line ends with '\n'.  Sizes are in bytes and exclude a terminating NUL.
 */
#ifndef CHOS_ABI_H
#define CHOS_ABI_H

#include <linux/ioctl.h>

/* Incremented when a change could make an older program misread something. */
#define CHOS_ABI_VERSION 1

/* The file system type, and where the module mounts it. */
#define CHOS_FS_TYPE "chosfs"
#define CHOS_FS_MAGIC 0x43484f53 /* "CHOS"; f_type of statfs(2) */
#define CHOS_MOUNT "/proc/chos"

/*
 * Module parameters (insmod chos.ko farm=/chos mount=1 track=1), readable in
 * /sys/module/chos/parameters:
 *   farm   absolute path of the farm as seen from the base root, without symbolic links
 *   mount  1: at load, the module runs /bin/mount to mount chosfs at /proc/chos;
 *          0: it does not
 *   track  1: a process inherits its OS at fork; 0: it gets the OS of its nearest
 *          ancestor when the OS is first looked up.  The module also falls back to the
 *          latter on a kernel without the sched_process_fork tracepoint.  A process
 *          whose ancestors have exited by then loses its OS.  So does one that has
 *          called chroot(2).  With a clock that advances only at each tick (jiffies),
 *          the module is not loaded then (EOPNOTSUPP).
 */
#define CHOS_FARM_DEFAULT "/chos"

/*
 * link, a symbolic link, lrwxrwxrwx.
 *   readlink: the path of the reader's OS as seen in the farm ("/os/trixie"), or "/"
 *   for a process in the base OS.
 */
#define CHOS_LINK CHOS_MOUNT "/link"

/*
 * setchos, rw-rw-rw-.
 *   write: enter an OS, given by name ("trixie") or by path ("/os/trixie"), in a single
 *     write(2), with or without a trailing newline.  "/", or the name of an entry
 *     whose path is "/", leaves to the base OS.  The name "default" stands for
 *     another entry with the same path, if there is one.  A path that several entries
 *     have stands for the first of them.
 *     The whole process moves: its root directory becomes the farm or the base root.
 *     A working directory outside the new root is changed to the new root.
 *     A process that is already in the OS stays there, and the write succeeds,
 *     whatever the options of the entry are now.
 *   read: the name of the reader's OS, or "/" in the base OS, and a newline.  The text
 *     can be written back.
 *   ioctl(CHOS_SWITCH): does what a write of the text in struct chos_switch does, which
 *     has no newline.  A privileged program (a setuid program, a daemon) may open a file
 *     that a user names, and write text of theirs, after it lowered its privileges for a
 *     while.  It must not be moved by that, so write(2) refuses such a process (EPERM).
 *     No program issues this ioctl unless it means to switch.  The first modules with
 *     CHOS_ABI_VERSION 1 lack it; a program must then write(2) (errno ENOTTY).
 *
 * Errors of write(2) and ioctl(2).  After an error nothing has changed.
 *   EINVAL        The text is empty, has a NUL or a control character, or was not
 *                 written at offset 0.
 *   ENAMETOOLONG  The text has more than CHOS_PATH_MAX bytes.
 *   ENOENT        The OS is not in the allowlist, its tree is missing (a line in the
 *                 kernel log tells which of the two), or the farm is missing.
 *   ENOTDIR       The path of the tree (logged) or of the farm is not a directory.
 *   EACCES        The OS is closed, or the caller is in none of its groups.
 *   EXDEV         The root directory of the caller is neither the root of its mount
 *                 namespace nor the farm (an unrelated chroot, a container); or the
 *                 caller is not in the initial user namespace; or the directory at the
 *                 farm's path is not a farm.
 *   EBUSY         The caller has several threads, and one of them is inside execve(2),
 *                 chdir(2) or clone(2) (try again); or they do not share one root
 *                 directory; or they share it with another process.  Since Linux 6.8,
 *                 execve(2) opens its program before this applies.  If the process moves
 *                 in between, a program of the OS it leaves starts with the ELF
 *                 interpreter of the OS it enters.  It does not gain privileges unless
 *                 it is a program of the base OS and the new OS is marked suid.
 *   EPERM         The process that opened the file had other or fewer privileges than
 *                 the caller (a setuid program whose output was redirected here).  Or,
 *                 write(2) only: the caller has more than one identity, and use
 *                 CHOS_SWITCH instead.  The real, effective, saved and file system UIDs
 *                 of all its threads are not equal, or their GIDs, or the permitted
 *                 capabilities of a thread are not all effective in the writing one.
 *   ENOMEM        The kernel is out of memory.
 *   ELOOP         The path of the farm has a symbolic link, or that of the tree has too
 *                 many (logged).
 *   others        An error of the lookup of the tree's path (EACCES, EIO, ESTALE; logged)
 *                 or of the farm's.
 */
#define CHOS_SETCHOS CHOS_MOUNT "/setchos"
#define CHOS_NAME_MAX 63
#define CHOS_PATH_MAX 255
#define CHOS_BASE_PATH "/"
#define CHOS_DEFAULT_NAME "default"

/* os: as in a write, at most CHOS_PATH_MAX bytes and a NUL, which ends the text */
struct chos_switch {
	char os[CHOS_PATH_MAX + 1];
};

#define CHOS_SWITCH _IOW(0xc5, 1, struct chos_switch)

/*
 * valid, rw-------.
 *   write: the whole new allowlist in a single write(2) at offset 0: the lines of
 *     /etc/chos, with numeric GIDs instead of group names.  The write replaces the
 *     list or, on error, changes nothing.  A lone newline is an empty list.
 *   read: the list in force, one entry per line, without comments.
 *
 * A line is empty, a comment ("#..."), the header "%SHELLS", or
 *     name:path[:option[,option...]]
 *   name    [A-Za-z0-9][A-Za-z0-9._+-]*, at most CHOS_NAME_MAX bytes, unique in the
 *           list
 *   path    absolute path as seen in the farm, at most CHOS_PATH_MAX bytes: "/", or
 *           components that are not empty and not "." or "..", without a trailing
 *           slash, ':', spaces and control characters
 *   option  closed | nosuid | suid | groups=GID[|GID...] | persona=linux32,
 *           each at most once; suid and nosuid exclude each other
 * The newline of the last line is optional.  The fields have no spaces around them.
 *
 * Errors of write(2):
 *   EINVAL  A line does not have the form above (the kernel log has the line number
 *           and what was expected), or the write was not at offset 0.
 *   EEXIST  Two entries have the same name.
 *   E2BIG   There are more than CHOS_VALID_MAX_ENTRIES entries, CHOS_VALID_MAX_BYTES
 *           bytes, or CHOS_GROUPS_MAX groups in an entry.
 *   ENOSPC  The OSs in this list, in the list in force, and those that processes are
 *           in, are more than CHOS_OS_MAX.  Without complete tracking of forks (see
 *           version), all OSs that were in a list since the module was loaded count.
 *   EPERM   The caller lacks CAP_SYS_ADMIN in the initial user namespace.
 *   ENOMEM  The kernel is out of memory.
 */
#define CHOS_VALID CHOS_MOUNT "/valid"
#define CHOS_VALID_MAX_BYTES (1024 * 1024)
#define CHOS_VALID_MAX_ENTRIES 4096
#define CHOS_GROUPS_MAX 32
#define CHOS_OS_MAX 16384

/*
 * processes, r--r--r--.
 *   read: a line "PID NAME" for each process in an OS, sorted by PID, with PIDs in
 *   the reader's PID namespace.  A user sees their own processes: those whose real UID
 *   is the effective UID with which the file was opened.  With CAP_SYS_PTRACE in the
 *   initial user namespace they see all processes.
 */
#define CHOS_PROCESSES CHOS_MOUNT "/processes"

/*
 * usage, r--------: which trees are in use.  The first modules with CHOS_ABI_VERSION 1
 * lack this file; a program must cope with ENOENT.
 *   read: a line "PROCESSES ENTERS NAME PATH" for each OS that has processes, was ever
 *   entered, or is in the allowlist, in the order in which the OSs first appeared in
 *   an allowlist.  When there have been CHOS_OS_MAX OSs, new ones take the places of
 *   those that no list and no process has.  An OS is a pair of NAME and PATH: if a new
 *   list gives a name another path, the old OS keeps its line and its processes.  The
 *   base OS and entries with its path have no line.
 *     PROCESSES  the number of processes in the OS, of all users and in all PID
 *                namespaces, without zombies.  It includes processes that are entering
 *                the OS, which may briefly count twice, and processes that left it while
 *                they had several threads, until they fork with one thread, enter an
 *                OS or exit.
 *     ENTERS     the number of successful writes to setchos that named the OS
 *
 * A tree may be deleted once a list without its PATH is in force, and a read of usage
 * that began after that shows no processes in any OS with that PATH: no process uses
 * the tree then, and none will.  This holds no matter how fast the processes fork and
 * exit, as long as version says "fork_tracking on".  Otherwise the count may miss
 * processes whose ancestors have exited.
 *
 * The counts are those at the time of the last read(2) at offset 0.
 * Errors of open(2): EACCES if the caller is not the owner; EPERM if it lacks
 * CAP_SYS_ADMIN in the initial user namespace.  Error of read(2): ENOMEM.
 */
#define CHOS_USAGE CHOS_MOUNT "/usage"

/*
 * layout, rw-------.
 *   write: top-level names to add to the farm, in a single write(2) at offset 0, one
 *     per line:
 *     "link NAME"  a symbolic link to NAME in the reader's OS ("os/trixie/usr"), or in
 *                  the base OS ("local/usr") for a reader in the base OS
 *     "dir NAME"   a directory to mount on
 *     The write adds all names or none.  A name that already exists with the same kind
 *     is not an error.  NAME is [A-Za-z0-9._+-]+, at most CHOS_NAME_MAX bytes, and not
 *     "." or "..".
 *   read: the same lines, in the order in which they were added.
 *
 * The names exist until the module is unloaded.
 * Errors of write(2):
 *   EINVAL  A line does not have the form above, or the write was not at offset 0.
 *   EEXIST  The name exists with the other kind.
 *   E2BIG   There are more than CHOS_LAYOUT_MAX names or CHOS_LAYOUT_MAX_BYTES bytes.
 *   EPERM   The caller lacks CAP_SYS_ADMIN in the initial user namespace.
 *   ENOMEM  The kernel is out of memory.
 */
#define CHOS_LAYOUT CHOS_MOUNT "/layout"
#define CHOS_LAYOUT_MAX 64
#define CHOS_LAYOUT_MAX_BYTES 8192
#define CHOS_FARM_LOCAL "local" /* the dir at which the base OS's root is mounted */

/* farm, a directory, to be bind-mounted at the path in the module parameter farm=. */
#define CHOS_FARM CHOS_MOUNT "/farm"

/*
 * version, r--r--r--: "KEY VALUE" lines in this order.  Newer modules may add lines at
 * the end.
 *   version X.Y.Z
 *   abi CHOS_ABI_VERSION
 *   fork_tracking on | off | lost
 *                          "lost": memory for a child was short at a fork.  Since then,
 *                          a process that the module does not know gets the OS of its
 *                          nearest known ancestor, as with "off".
 *   entries N              entries in the allowlist in force
 *   interned N             OSs that are known: those that were in an allowlist since the
 *                          module was loaded, at most CHOS_OS_MAX
 *   table_bytes N          memory that the process table uses
 *   enters N               switches into an OS
 *   leaves N               switches to the base OS
 *   refused_ERRNO N        refused switches; one line each for EINVAL,
 *                          ENAMETOOLONG, ENOENT, ENOTDIR, EACCES, EXDEV, EBUSY, EPERM
 *                          and other
 *   killed N               processes killed because they would have gained privileges
 *                          from a setuid or setgid program, or one with file
 *                          capabilities, inside an OS that is not marked suid, or from
 *                          a program in the tree of an OS that they are not in
 */
#define CHOS_VERSION CHOS_MOUNT "/version"

#endif /* CHOS_ABI_H */
