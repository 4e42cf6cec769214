// SPDX-License-Identifier: BSD-3-Clause
// What the headers of an older libc lack of mounting by descriptors; <linux/mount.h> next to its
// <sys/mount.h> does not compile.
#pragma once

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/syscall.h>

// Linux 5.2 and later.
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

// Linux 5.12.
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
