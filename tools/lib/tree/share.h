// SPDX-License-Identifier: BSD-3-Clause
// Files and directories of the base OS that trees show instead of their own, once for a node, never
// for a session.
//
// Over a file, such as /etc/passwd, a symbolic link is mounted that leads to the base's by the farm's
// `local`: useradd(8), for one, writes a new /etc/passwd and renames it, and sshd asks for a user's
// groups when it is in the OS already; a bind would go on to show the old file.  Directories are
// bound with all that is mounted in them, and show what the base mounts there later.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "basic/result.h"
#include "basic/run_paths.h"
#include "fileserver/servers.h"
#include "mount/mountinfo.h"

namespace chos {

struct ShareOutcome {
  enum class What {
    already,
    bound,
    kept,  ///< it shows the base's, but not what the base mounts in it now; and it is in use
    skipped
  };
  What what = What::skipped;
  std::string target;      ///< where it is mounted, if it is
  std::string reason;      ///< why it was skipped
  bool unusual = false;    ///< skipped for something an administrator may want to change
  bool was_there = false;  ///< it, or something else, was mounted there before
};

/// What [share] names, by whether one may look at it.
struct SharedPaths {
  std::vector<std::string> there;   ///< or the base has no such thing
  std::vector<std::string> silent;  ///< on a server that does not answer: who looks would wait for it
};

SharedPaths ask_for_shares(const std::vector<std::string>& paths, const Servers& servers);

/// Whether share_path() has made a link of it: it was a file.
bool was_shared_as_file(const ShareSite& site, const std::string& path);

/// Makes `path` ("/etc/passwd") in the tree that `tree` is open on (O_PATH, below site.farm) show
/// the base's.
///
/// Both must be regular files, or both directories.  A symbolic link of the tree in the place of a file
/// is covered itself, one in the place of a directory is left as it is; a way that leaves the tree is
/// not gone.  What was mounted there before and shows something else is replaced; so is what shows the
/// same of a mount that the base has no more (it was unmounted and mounted again), unless `in_use` says
/// that processes may be in it.
/// `flags` are those that the mount gets besides.
Result<ShareOutcome> share_path(const ShareSite& site, const MountTable& table, int tree,
                                const std::string& path, unsigned flags, const std::function<bool()>& in_use);

/// Whether a tree has to do with what others are given a place for.  One without /etc/ssh has no
/// OpenSSH to read ssh_known_hosts, and all of /etc would have to be covered for it.
bool concerns_share(int tree, const std::string& path);

/// Whether the base has a file or directory `path` and the tree, which it concerns, has nothing of
/// that name.
bool lacks_share(int tree, const std::string& path);

/// Whether `path` in the tree shows something else than the base's: that is a symbolic link which
/// now leads elsewhere, or a directory that was replaced.
bool is_stale_share(const ShareSite& site, int tree, const std::string& path);

/// Removes the links that share_path() has made, once nothing shows them any more.
Status remove_share_links(const ShareSite& site);

}  // namespace chos
