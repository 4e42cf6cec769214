// SPDX-License-Identifier: BSD-3-Clause
// The few mount operations that chosctl needs.  They act in the caller's mount namespace; each
// says in its error what it was about to do.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <string>

#include "basic/files.h"
#include "basic/result.h"
#include "mount/mountinfo.h"

namespace chos {

/// Mounts a file system of a pseudo type: no source, nosuid, nodev, noexec.
Status mount_pseudo(const std::string& type, const std::string& target);

/// Binds a directory with all that is mounted below it; `target` becomes a slave of `source`, so
/// that what is mounted there later appears here, and nothing goes the other way.
Status bind_tree(const std::string& source, const std::string& target);

/// The same of open directories; the names are for messages, and `target_name` is where it is unmounted
/// if something fails.  All mounts of it get `flags` before anybody sees them: from Linux 5.12 on, on an
/// older kernel it is left to the caller.
Status bind_tree_over(int source, int target, const std::string& source_name, const std::string& target_name,
                      unsigned flags = 0);

/// Binds one directory and takes it out of all propagation; a later bind of a directory
/// above it does not take it along.
Status bind_unbindable(const std::string& source, const std::string& target);

/// Mounts the symbolic link `link` itself over the open file `target`, private: who opens the file
/// follows the link.
Status mount_link(const std::string& link, int target, const std::string& name);

/// Sets the flags of one mount, if `fd` (an O_PATH descriptor of its root) is on the mount `id`.
Status set_mount_flags(int fd, unsigned flags, const std::string& name);

/// Opens the root of the mount `id` by its path, without following any symbolic link and without
/// triggering an automount.  Code ENOENT: another mount is found there by now, or nothing.
Result<UniqueFd> open_mount(int id, const std::string& target);

/// Opens `path` (relative, or absolute as if the root were `tree`) below the directory `tree`,
/// never leaving it, with O_PATH.  Symbolic links are followed inside it, but for the last
/// component with Last::keep.  "/proc/PID/root" and the like are refused.
enum class Last {
  keep,  ///< a symbolic link is opened as such
  follow,
  directory,  ///< followed, must be a directory, and an automount there is triggered
};
Result<UniqueFd> open_in_tree(int tree, const std::string& path, Last last);

/// Unmounts `target` and all below it at once; who uses something there keeps it until done.
Status detach(const std::string& target);

/// Unmounts `target`, a directory that is empty below its mounts, in all mount namespaces, and all
/// below it.  Unlike with detach(), who uses something there keeps the whole tree of mounts,
/// connected as it was.  Fails, with nothing changed, if the directory cannot be removed for a
/// moment (a read-only file system).
Status detach_everywhere(const std::string& target);

/// As detach(), of the mount `id` on `target` in the mount namespace of process `pid`.  Code ENOENT: that
/// is not what is found there.
Status detach_elsewhere(pid_t pid, int id, const std::string& target);

/// Unmounts only if nobody uses it (code EBUSY otherwise).
Status unmount(const std::string& target);

/// The id of the mount that a descriptor is on.
Result<int> mount_id(int fd);

/// An open file, as far as this machine knows it: no file server is asked, so nobody waits for one that
/// is down.
struct KnownFile {
  mode_t mode = 0;  ///< its kind
  std::uint64_t device = 0, inode = 0;
  bool is_mount_root = false;

  bool is_same_as(const KnownFile& other) const { return device == other.device && inode == other.inode; }
};
Result<KnownFile> known_file(int fd, const std::string& name);

}  // namespace chos
