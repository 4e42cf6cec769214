// SPDX-License-Identifier: BSD-3-Clause
// Files and directories of the base OS that trees show instead of their own.  They are mounted once for a
// node, not for each session.
//
// Over a file, such as /etc/passwd, a symbolic link is mounted that leads to the base's file through the
// farm's `local`.  A bind would keep showing the old file when useradd(8) writes a new /etc/passwd and
// renames it, and sshd looks up groups when it is already in the OS.  Directories are bound with all mounts
// in them, and show what the base mounts there later.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "basic/files.h"
#include "basic/result.h"
#include "basic/run_paths.h"
#include "fileserver/servers.h"
#include "mount/mountinfo.h"

namespace chos {

struct ShareOutcome {
  enum class What {
    already,
    bound,
    kept,  ///< shows the base's directory, but not what the base mounts in it now; left because it is in use
    skipped
  };
  What what = What::skipped;
  std::string target;                  ///< where it is mounted, unless it was skipped
  std::string reason;                  ///< why it was skipped
  bool unusual = false;                ///< skipped for a reason that an administrator may want to know
  bool was_there = false;              ///< something was mounted there before
  std::optional<UniqueFd> mount = {};  ///< the new mount; set if it was bound and not there before
};

/// The paths of [share], by whether their servers answer.
struct SharedPaths {
  std::vector<std::string> there;   ///< can be looked at, even if the base has no such file
  std::vector<std::string> silent;  ///< on a server that does not answer, so looking at them would block
};

SharedPaths ask_for_shares(const std::vector<std::string>& paths, const Servers& servers);

/// Whether share_path() has shared `path` as a file, by a link.
bool was_shared_as_file(const ShareSite& site, const std::string& path);

/// Makes `path` ("/etc/passwd") in a tree show the base's file or directory.  `tree` is open on the tree
/// (O_PATH, below site.farm).
///
/// Both must be regular files, or both directories.  If the tree has a symbolic link there, the link itself
/// is covered, unless it leads to the base's directory as it is.  A path that leads out of the tree is
/// skipped.  A mount there that shows something else is replaced.  So is one that shows the same directory on
/// a mount that the base has no more (it was unmounted and mounted again), unless `in_use` returns true.
/// flags: set on the mount in addition to those that it has.
Result<ShareOutcome> share_path(const ShareSite& site, const MountTable& table, int tree,
                                const std::string& path, unsigned flags, const std::function<bool()>& in_use);

/// Whether root's programs read or write `path` in an OS, as sshd does after it has entered the user's.
bool is_for_root(std::string_view path);

/// An Error if the tree has no `path`, but users other than root could make it.
Status check_absent(int tree, const std::string& path);

/// An Error if a link above `path` leads out of the tree.  Here it is followed within the tree, but by a
/// process in the OS within the farm, so that the process would not find the share.
Status check_way_of_share(int tree, const std::string& path);

/// Whether a mount point for the share is to be added to a tree that lacks it.  Not ssh_known_hosts to a tree
/// without /etc/ssh: it has no OpenSSH to read the file, and a layer would have to cover all of /etc.  Nor
/// /var/run: it is shared only so that a tree's own leads nowhere else.
bool concerns_share(int tree, const std::string& path);

/// Whether the base has a file or directory `path`, and the tree lacks it although concerns_share().
bool lacks_share(int tree, const std::string& path);

/// Whether the mount at `path` in the tree no longer shows the base's file or directory: the base's is a
/// symbolic link that leads elsewhere now, or a directory that was replaced.
bool is_stale_share(const ShareSite& site, int tree, const std::string& path);

/// Removes the links that share_path() has made.  None of them may be mounted any more.
Status remove_share_links(const ShareSite& site);

}  // namespace chos
