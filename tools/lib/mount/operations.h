// SPDX-License-Identifier: BSD-3-Clause
// The mount operations that chosctl needs.  They act in the caller's mount namespace.
#pragma once

#include <sys/types.h>

#include <string>

#include "basic/files.h"
#include "basic/result.h"
#include "basic/transaction.h"
#include "mount/flags.h"

namespace chos {

/// Mounts a pseudo file system, which has no source, with nosuid, nodev and noexec.  Returns the mount.
Result<UniqueFd> mount_pseudo(const std::string& type, const std::string& target);

/// Binds a directory with all mounts below it and returns the mount.  `target` becomes a slave of `source`:
/// later mounts below `source` appear below `target`, but not the other way round.  For paths that only root
/// can change.
Result<UniqueFd> bind_tree(const std::string& source, const std::string& target);

/// The same for open directories; the names are for messages.  From Linux 5.12 on, all mounts of the copy get
/// `flags` before they are attached; on an older kernel the caller has to set them.
Result<UniqueFd> bind_tree_over(int source, int target, const std::string& source_name,
                                const std::string& target_name, unsigned flags = 0);

/// Binds an open directory on itself, without the mounts below it, with `flags` besides those of the mount
/// that it lies in, and returns the mount.  Nothing propagates between the two.  Code ENOSYS: the kernel is
/// older than Linux 5.12.
Result<UniqueFd> bind_on_itself(int directory, unsigned flags, const std::string& name);

/// Binds one directory and makes it unbindable: it does not propagate, and a later recursive bind of a
/// directory above leaves it out.  Returns the mount.  For paths that only root can change.
Result<UniqueFd> bind_unbindable(const std::string& source, const std::string& target);

/// Mounts the symbolic link `link` itself over the open file `target`, as a private mount, and returns it.  A
/// process that opens the file then follows the link.
Result<UniqueFd> mount_link(const std::string& link, int target, const std::string& name);

/// Takes one mount out of all propagation.  `fd` is open on its root.
Status make_private(int fd, const std::string& name);

/// Makes a mount and all mounts below it slaves.  `fd` is open on its root.
Status make_slave(int fd, const std::string& name);

/// Replaces the flags of one mount, see MountFlag.  `fd` is an O_PATH descriptor of its root.
Status set_mount_flags(int fd, unsigned flags, const std::string& name);

/// Unmounts the mount whose root `fd` is open on, with all mounts on it and below it, lazily: processes that
/// use one of them keep it until they are done.  It takes no path, so no rename can lead it to another mount.
/// Code EINVAL: `fd` is not open on the root of a mount, or the mount is not attached (any more).
Status detach(int fd, const std::string& name);

/// The same for the mount `id` that was found on `target`.  Code ENOENT: nothing, or another mount, is there.
Status detach_mount(int id, const std::string& target);

/// Unmounts all mounts that are on `target`, the topmost first; there may be none.  For paths that only root
/// can change.
Status detach_all(const std::string& target);

/// Records in `changes` as `what` that `mount` was attached: undone by detach().
void record_mount(UniqueFd mount, const std::string& what, const std::string& name, Transaction& changes);

/// Unmounts `target`, a path that only root can change, and all mounts below it in all mount namespaces.
/// `target` is an empty directory below its mounts.  Unlike with detach(), processes that use one of the
/// mounts keep the whole tree of mounts connected. Fails, with nothing changed, if the directory cannot be
/// removed for a moment (a read-only file system).
Status detach_everywhere(const std::string& target);

/// Like detach_mount(), in the mount namespace of process `pid`.
Status detach_elsewhere(pid_t pid, int id, const std::string& target);

/// Unmounts `target` unless it is in use (code EBUSY).  By its path, which only root can change: an open
/// descriptor would count as a use.
Status unmount(const std::string& target);

}  // namespace chos
