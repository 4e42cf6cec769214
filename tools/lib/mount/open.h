// SPDX-License-Identifier: BSD-3-Clause
// Opening files inside trees and roots of mounts, and asking what a descriptor is open on.  Nothing here
// makes an automounter mount, except Last::directory.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <string>

#include "basic/files.h"
#include "basic/result.h"

namespace chos {

/// Opens the root of the mount `id` by its path, without following any symbolic link and without
/// triggering an automount.  Code ENOENT: nothing, or another mount, is found there by now.
Result<UniqueFd> open_mount(int id, const std::string& target);

enum class Last {
  keep,  ///< a symbolic link is opened itself
  follow,
  directory,  ///< followed, must be a directory, and an automount there is triggered
};

/// Opens `path` below the directory `tree` with O_PATH, never leaving the tree.  `path` is relative, or
/// absolute as if `tree` were the root.  Symbolic links are followed inside the tree; `last` says what
/// becomes of the last component.  Magic links ("/proc/PID/root") are refused.
Result<UniqueFd> open_in_tree(int tree, const std::string& path, Last last);

/// The id of the mount that a descriptor is on.
Result<int> mount_id(int fd);

/// An open file as this machine has it cached.  No file server is asked, so the call never blocks on a server
/// that is down.
struct KnownFile {
  mode_t mode = 0;  ///< the file type bits only
  std::uint64_t device = 0, inode = 0;
  bool is_mount_root = false;

  bool is_same_as(const KnownFile& other) const { return device == other.device && inode == other.inode; }
};
Result<KnownFile> known_file(int fd, const std::string& name);

}  // namespace chos
