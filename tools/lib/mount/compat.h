// SPDX-License-Identifier: BSD-3-Clause
// What the headers of an older libc lack for mounting by descriptors.  <linux/mount.h> has it too, but
// cannot be included together with their <sys/mount.h>.
#pragma once

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

// Linux 5.2.
#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#endif
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#ifndef OPEN_TREE_CLOEXEC
#define OPEN_TREE_CLOEXEC O_CLOEXEC
#endif
#ifndef MOVE_MOUNT_F_EMPTY_PATH
#define MOVE_MOUNT_F_EMPTY_PATH 0x04
#endif
#ifndef MOVE_MOUNT_T_EMPTY_PATH
#define MOVE_MOUNT_T_EMPTY_PATH 0x40
#endif
#ifndef FSOPEN_CLOEXEC
#define FSOPEN_CLOEXEC 0x01
#endif
#ifndef FSMOUNT_CLOEXEC
#define FSMOUNT_CLOEXEC 0x01
#endif
#ifndef MOUNT_ATTR_RDONLY
#define MOUNT_ATTR_RDONLY 0x01
#define MOUNT_ATTR_NOSUID 0x02
#define MOUNT_ATTR_NODEV 0x04
#define MOUNT_ATTR_NOEXEC 0x08
#endif

// Linux 5.10.
#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif

// Linux 5.12.
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif

// Linux 5.14.
#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x200000
#endif

// Linux 6.5.
#ifndef MOVE_MOUNT_BENEATH
#define MOVE_MOUNT_BENEATH 0x200
#endif

namespace chos {

// FSCONFIG_SET_STRING and FSCONFIG_CMD_CREATE by names of our own: some headers have them as macros, some as
// enumerators.
inline constexpr unsigned fsconfig_set_string = 1, fsconfig_create = 6;

// Attaches, or moves, a mount to the file or directory that `target` is open on; false with errno.
inline bool move_mount_to(int mount, int target, unsigned flags = 0) {
  return ::syscall(SYS_move_mount, mount, "", target, "",
                   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH | flags) == 0;
}

}  // namespace chos
