/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only */
/*
 * The protocol between the chos kernel module and user space: the files under
 * /proc/chos, what may be written to them, what is read from them, and every
 * limit and errno.  This is the one place where it is said; the module, the
 * tools, the plugins and the tests include it.  Usable from C and C++, in the
 * kernel and outside.
 *
 * A line ends in '\n'.  Sizes are in bytes and do not count a closing NUL.
 */
#ifndef CHOS_ABI_H
#define CHOS_ABI_H

/* Raised when something here changes in a way an older program would misread. */
#define CHOS_ABI_VERSION 1

/* File system type, and where the module mounts it by itself. */
#define CHOS_FS_TYPE "chosfs"
#define CHOS_FS_MAGIC 0x43484f53 /* "CHOS"; f_type of statfs(2) */
#define CHOS_MOUNT "/proc/chos"

/*
 * Module parameters (insmod chos.ko farm=/chos mount=1 track=1), readable under
 * /sys/module/chos/parameters:
 *   farm   path of the farm as seen from the base root; absolute
 *   mount  1: the module asks /bin/mount for its mount at /proc/chos; 0: it does not
 *   track  1: inherit at fork; 0: only climb to the parent at the first look
 *          (what happens anyway on a kernel without the sched_process_fork
 *          tracepoint; children whose parents are gone then lose their OS)
 */
#define CHOS_FARM_DEFAULT "/chos"

/*
 * link, a symlink, lrwxrwxrwx.
 *   readlink: the path of the reader's OS as seen in the farm ("/os/trixie");
 *   "/" for a process in no OS.
 */
#define CHOS_LINK CHOS_MOUNT "/link"

/*
 * setchos, rw-rw-rw-.
 *   write: one OS, by name ("trixie") or by path ("/os/trixie"), with or
 *     without a newline at its end, in a single write(2): enter that OS.  "/", or the
 *     name of an entry whose path is "/": leave to the base OS.  The name
 *     "default" stands for the entry that shares its path, if there is one.
 *     The whole process moves: its root directory becomes the farm, or the base root.
 *     A working directory that is not below the new root becomes the new root.
 *     A process already in the named OS stays there and succeeds, whatever the
 *     entry's options now say.
 *   read: the name of the reader's OS, or "/" in the base OS, and a newline;
 *     what is read may be written back.
 *
 * Errors of write(2); with each of them nothing has changed:
 *   EINVAL        empty, a NUL or a control character, or not at offset 0
 *   ENAMETOOLONG  more than CHOS_PATH_MAX bytes
 *   ENOENT        not in the allowlist, or the tree's directory is missing (a line
 *                 in the kernel's log says which), or the farm is
 *   ENOTDIR       the tree's path is not a directory (logged), or the farm's
 *   EACCES        the OS is closed, or the caller is in none of its groups
 *   EXDEV         the caller's root is neither the root of its mount namespace nor the
 *                 farm (an unrelated chroot, a container), or it is in a user
 *                 namespace other than the first, or what is at the farm's path
 *                 is not a farm
 *   EBUSY         a caller with threads: one of them is inside execve(2), chdir(2),
 *                 or clone(2) at this moment (try again), or they do not share
 *                 one root directory with each other, or share it with another process
 *   EPERM         the file was opened by a process with other, or fewer, rights than
 *                 the writer's (a setuid program whose output was redirected here)
 *   ENOMEM        no memory
 *   others        what the look-up of the tree's path gave (EACCES, ELOOP, EIO, ESTALE;
 *                 logged)
 * Where several entries have one path, the path stands for the first of them.
 */
#define CHOS_SETCHOS CHOS_MOUNT "/setchos"
#define CHOS_NAME_MAX 63
#define CHOS_PATH_MAX 255
#define CHOS_BASE_PATH "/"
#define CHOS_DEFAULT_NAME "default"

/*
 * valid, rw-------.
 *   write: the whole new allowlist in a single write(2) at offset 0, the lines of
 *     /etc/chos with gids for the names of groups.  It replaces the list, or fails
 *     and changes nothing.  An empty file (a lone newline) is an empty list.
 *   read: the list in force, one entry a line, comments gone.
 *
 * A line is empty, a comment ("#..."), the header "%SHELLS", or
 *     name:path[:option[,option...]]
 *   name    [A-Za-z0-9][A-Za-z0-9._+-]*, at most CHOS_NAME_MAX, once in the list
 *   path    absolute, as seen in the farm: "/" or components with no "." or "..",
 *           no empty one, no trailing slash, no ':' and no control character or
 *           space, at most CHOS_PATH_MAX
 *   option  closed | nosuid | suid | groups=GID[|GID...] | persona=linux32,
 *           each at most once; suid and nosuid exclude each other
 * The last line may lack its newline.  There are no blanks around the fields.
 *
 * Errors of write(2): EINVAL a line that is not as above, or not at offset 0 (the
 * kernel's log has the line's number and what was expected); EEXIST a name
 * twice; E2BIG more than CHOS_VALID_MAX_ENTRIES entries, CHOS_VALID_MAX_BYTES bytes or
 * CHOS_GROUPS_MAX groups; ENOSPC more than CHOS_OS_MAX different OSs since the
 * module was loaded; EPERM not root (CAP_SYS_ADMIN in the first user namespace); ENOMEM.
 */
#define CHOS_VALID CHOS_MOUNT "/valid"
#define CHOS_VALID_MAX_BYTES (1024 * 1024)
#define CHOS_VALID_MAX_ENTRIES 4096
#define CHOS_GROUPS_MAX 32
#define CHOS_OS_MAX 16384

/*
 * processes, r--r--r--.
 *   read: "PID NAME" a line, rising by PID, for each process that is in an OS, in the
 *   PID namespace of the reader, and either of the user who opened the file
 *   (its real uid is his effective uid) or any if he has CAP_SYS_PTRACE in the first
 *   user namespace.
 */
#define CHOS_PROCESSES CHOS_MOUNT "/processes"

/*
 * usage, r--------: which trees are in use.  Not in the first modules with
 * CHOS_ABI_VERSION 1: a program must do without it (ENOENT).
 *   read: "PROCESSES ENTERS NAME PATH" a line, in the order in which the module came to
 *   know them, for each OS that has processes, was ever entered, or is in the list in
 *   force.  An OS is a pair of NAME and PATH: when a list puts another path under
 *   a name, the OS of before keeps a line of its own, and its processes.  The base OS
 *   and entries with its path have none.
 *     PROCESSES  processes in it of all users and PID namespaces; a dead one that its
 *                parent has not waited for is none.  Also those on their way in (which may
 *                count twice for a moment), and those that left it with several threads,
 *                as long as they have several.
 *     ENTERS     successful writes to setchos that named it
 *
 * Once a list without some PATH is in force, and a read of usage that began after that
 * shows no processes in any OS of that PATH, none is in one and none will be: the tree may
 * go.  However they fork and exit, no read misses the last of them.  That holds while
 * version says "fork_tracking on"; else orphans may be missed.
 *
 * What is read is as of the first read(2), or one at offset 0.  Errors of open(2):
 * EACCES not the owner; EPERM no CAP_SYS_ADMIN in the first user namespace.  Of read(2):
 * ENOMEM.
 */
#define CHOS_USAGE CHOS_MOUNT "/usage"

/*
 * layout, rw-------.
 *   write: top-level names to add to the farm, in a single write(2) at offset 0:
 *     "link NAME"  a symlink to NAME in the reader's OS ("os/trixie/usr"), or in the
 *                  base OS ("local/usr") for a reader in none
 *     "dir NAME"   a directory to mount on
 *     A name that is there already with the same kind is no error.  All are added
 *     or none.  NAME is [A-Za-z0-9._+-]+, not "." or "..", at most CHOS_NAME_MAX.
 *   read: the same lines, in the order they were added.
 *
 * The names live until the module is unloaded.  Errors of write(2): EINVAL; EEXIST there
 * with the other kind; E2BIG more than CHOS_LAYOUT_MAX names or
 * CHOS_LAYOUT_MAX_BYTES bytes; EPERM not root; ENOMEM.
 */
#define CHOS_LAYOUT CHOS_MOUNT "/layout"
#define CHOS_LAYOUT_MAX 64
#define CHOS_LAYOUT_MAX_BYTES 8192
#define CHOS_FARM_LOCAL "local" /* dir: where the base OS's root is bound */

/* farm, a directory: what is bound to the path of the module's parameter farm=. */
#define CHOS_FARM CHOS_MOUNT "/farm"

/*
 * version, r--r--r--: "KEY VALUE" a line, in this order; newer modules add lines at the end.
 *   version X.Y.Z
 *   abi CHOS_ABI_VERSION
 *   fork_tracking on | off | lost   ("lost": a page could not be had at a fork;
 *                                    from then on unknown processes climb to a parent)
 *   entries N              entries in the allowlist in force
 *   interned N             OSs known since the module was loaded
 *   table_bytes N          memory of the process table
 *   enters N               switches into an OS
 *   leaves N               switches to the base OS
 *   refused_ERRNO N        refused writes to setchos, a line for each of
 *                          EINVAL ENAMETOOLONG ENOENT ENOTDIR EACCES EXDEV EBUSY EPERM other
 *   killed N               processes ended because they would have gained rights
 *                          from a setuid, setgid or file-capability program inside an OS
 *                          that is not marked suid
 */
#define CHOS_VERSION CHOS_MOUNT "/version"

#endif /* CHOS_ABI_H */
