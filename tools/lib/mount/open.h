// SPDX-License-Identifier: BSD-3-Clause
// Opening files inside trees and roots of mounts, and asking what a descriptor is open on.  Nothing here
// makes an automounter mount, except Last::directory.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

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

/// Opens `path` below `directory` with O_PATH; no component of the path may be a symbolic link or "..".
Result<UniqueFd> open_beneath(int directory, const std::string& path);

/// Whether a symbolic link in `path`, a relative path, leads out of `directory`: by an absolute name, or by
/// "..".
bool leads_out(int directory, const std::string& path);

/// A place in a tree, found anew beneath the tree when a mount on it is gone.  Symbolic links are not
/// followed, so a place is never found outside the tree.
class Place {
 public:
  /// `path` is relative to `tree`, which is duplicated, and without symbolic links.
  static Result<Place> in(int tree, const std::string& path);

  /// The place in `tree` that the open file `fd` is at now.
  static Result<Place> of(int tree, int fd);

  Result<UniqueFd> open() const { return open_beneath(tree_->get(), path_); }

 private:
  Place(std::shared_ptr<UniqueFd> tree, std::string path) : tree_(std::move(tree)), path_(std::move(path)) {}
  std::shared_ptr<UniqueFd> tree_;
  std::string path_;
};

/// system_error() of a call on mounts and descriptors that asks no file system.  A lack of memory, mounts or
/// descriptors is then general (see Error): a file system, which could return any code, had no part in it.
Error mount_error(const std::string& what, int code);

/// The id of the mount that a descriptor is on.  As long as the descriptor is open, no other mount gets it.
Result<int> mount_id(int fd);

/// Whether a descriptor is open on the root of a mount.  Asks no file server, and so also answers about a
/// FUSE file system of a user, which refuses root everything else.
Result<bool> is_mount_root(int fd, const std::string& name);

/// An open file as this machine has it cached.  No file server is asked, so the call never blocks on a server
/// that is down.  Code EACCES: a FUSE file system of a user, which tells nobody else even that.
struct KnownFile {
  mode_t mode = 0;  ///< the file type bits only
  std::uint64_t device = 0, inode = 0;
  bool is_mount_root = false;

  bool is_same_as(const KnownFile& other) const { return device == other.device && inode == other.inode; }
};
Result<KnownFile> known_file(int fd, const std::string& name);

}  // namespace chos
