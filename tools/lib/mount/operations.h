// SPDX-License-Identifier: BSD-3-Clause
// The mount operations that chosctl needs.  They act in the caller's mount namespace.
#pragma once

#include <sys/types.h>

#include <string>

#include "basic/result.h"
#include "mount/flags.h"

namespace chos {

/// Mounts a pseudo file system, which has no source, with nosuid, nodev and noexec.
Status mount_pseudo(const std::string& type, const std::string& target);

/// Binds a directory with all mounts below it.  `target` becomes a slave of `source`: later mounts below
/// `source` appear below `target`, but not the other way round.
Status bind_tree(const std::string& source, const std::string& target);

/// The same for open directories.  The names are for messages; `target_name` is also the path to unmount if a
/// step fails.  From Linux 5.12 on, all mounts of the copy get `flags` before they are attached; on an older
/// kernel the caller has to set them.
Status bind_tree_over(int source, int target, const std::string& source_name, const std::string& target_name,
                      unsigned flags = 0);

/// Binds one directory and makes it unbindable: it does not propagate, and a later recursive bind of a
/// directory above leaves it out.
Status bind_unbindable(const std::string& source, const std::string& target);

/// Mounts the symbolic link `link` itself over the open file `target`, as a private mount.  A process that
/// opens the file then follows the link.
Status mount_link(const std::string& link, int target, const std::string& name);

/// Takes one mount out of all propagation.  `fd` is open on its root.
Status make_private(int fd, const std::string& name);

/// Makes a mount and all mounts below it slaves.  `fd` is open on its root.
Status make_slave(int fd, const std::string& name);

/// Replaces the flags of one mount, see MountFlag.  `fd` is an O_PATH descriptor of its root.
Status set_mount_flags(int fd, unsigned flags, const std::string& name);

/// Unmounts `target` and all mounts below it lazily: processes that use one of them keep it until they are
/// done.
Status detach(const std::string& target);

/// Unmounts `target` and all mounts below it in all mount namespaces.  `target` is an empty directory below
/// its mounts.  Unlike with detach(), processes that use one of the mounts keep the whole tree of mounts
/// connected. Fails, with nothing changed, if the directory cannot be removed for a moment (a read-only file
/// system).
Status detach_everywhere(const std::string& target);

/// Like detach(), for the mount `id` on `target` in the mount namespace of process `pid`.  Code ENOENT:
/// nothing, or another mount, is found there.
Status detach_elsewhere(pid_t pid, int id, const std::string& target);

/// Unmounts `target` unless it is in use (code EBUSY).
Status unmount(const std::string& target);

}  // namespace chos
