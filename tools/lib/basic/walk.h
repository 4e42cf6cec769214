// SPDX-License-Identifier: BSD-3-Clause
// Walking a tree of files by descriptors.  No name leads out of the tree, even if somebody renames its
// directories, or puts links in their place, in the meantime.
#pragma once

#include <sys/stat.h>

#include <functional>
#include <string>

#include "basic/result.h"

namespace chos {

/// A file, directory, link or device of a tree, or what is mounted on one.
struct WalkEntry {
  const std::string& path;  ///< in the tree: "/" for its root, "/usr/bin/su"
  int fd;                   ///< O_PATH, on the entry itself, also if it is a symbolic link; -1 if is_mount
  const struct stat& info;
  unsigned depth;  ///< 0: the root
  /// Another file system is mounted there.  Its server, which may be a user's that never answers, is not
  /// asked: `info` has the device, and the type, mode and owner if this machine knows them, else 0.
  bool is_mount;
};

/// Whether to go on below a directory.
enum class Below { walk, skip };

/// Called for each entry, for a directory before what is in it.
using WalkVisit = std::function<Result<Below>(const WalkEntry&)>;

/// Called for what cannot be examined or, after its visit, listed, with the errno `why`.  ELOOP: a directory
/// below deepest_walk others, which is not entered.
using WalkFailure = std::function<Status(const std::string& path, int why)>;

/// How many directories in each other a walk enters, with the root.
inline constexpr unsigned deepest_walk = 256;

/// The Error that a walk could not read `name`, for a `why` of WalkFailure.
Error walk_error(const std::string& name, int why);

/// Walks the tree at `root`, which may be O_PATH, without leaving its file system: a directory where another
/// one is mounted is visited, but not entered.  The order in a directory is not defined.  Ends with the
/// first Error of `visit` or `failed`.
Status walk_tree(int root, const WalkVisit& visit, const WalkFailure& failed);

}  // namespace chos
