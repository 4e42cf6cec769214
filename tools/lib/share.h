// SPDX-License-Identifier: BSD-3-Clause
// Files (and directories) of the base OS that trees show instead of their own, such as
// /etc/passwd: a bind over the tree's file, once for a node, never for a session.
#pragma once

#include <string>

#include "lib/mountinfo.h"
#include "lib/result.h"

namespace chos {

struct ShareOutcome {
  enum class What { already, bound, skipped };
  What what = What::skipped;
  std::string target;  ///< where it is mounted, if it is
  std::string reason;  ///< why it was skipped
  bool unusual = false;  ///< skipped for something an administrator may want to change
};

/// Makes `path` ("/etc/passwd") in the tree that `tree` is open on (O_PATH) show the base's.
///
/// Both must be regular files, or both directories; the tree's last component may not be a
/// symbolic link (what it points to is resolved at each use, in the OS), and a way that leaves
/// the tree is not gone.  A file is bound read-only.  A bind whose base file was since
/// replaced (another inode) is made anew.  `flags` are those that the bind gets besides.
Result<ShareOutcome> share_path(const MountTable& table, int tree, const std::string& path,
                                unsigned flags);

/// Whether `path` in the tree shows what the base's file was before it was replaced: useradd(8), for
/// one, writes a new /etc/passwd.
bool is_stale_share(int tree, const std::string& path);

/// The path of what a descriptor is open on.
std::string path_of(int fd);

}  // namespace chos
