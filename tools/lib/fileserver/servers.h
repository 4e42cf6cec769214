// SPDX-License-Identifier: BSD-3-Clause
// Directories on file servers, looked at without blocking on a server that is down.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "fileserver/answers.h"
#include "mount/mountinfo.h"

namespace chos {

/// Whether a file system of this type (as in mountinfo(5)) may block on a server: NFS, SMB, FUSE, cluster
/// file systems, and autofs, which mounts one of them on access.
bool waits_for_server(const std::string& type);

/// The file systems of a node that lie on servers.
class Servers {
 public:
  explicit Servers(MountTable table);

  /// Reads the mount table of this process.
  static Servers of_node();
  void read_again() { *this = of_node(); }

  /// Resolves the symbolic links of an absolute path as far as possible without asking a server: components
  /// below the first file system on a server, and components that do not exist, stay as they are.
  std::string real_path(const std::string& path) const;

  /// Whether a file system on a server is on the way to an absolute path.
  bool serve(const std::string& path) const;

  /// Succeeds if each server on the way to `path`, a directory, answers within ten seconds; a local path
  /// always does.  Triggers automounts.  Code ETIMEDOUT: a server does not answer.  It is not asked again
  /// until forget_servers(), so that a command with many trees on it waits once.
  Status ask(const std::string& path) const;

  /// Asks the servers on the way to all these directories in parallel.  Later calls of ask() then use the
  /// cached answers, so that many silent servers take no longer than one.
  void ask_all(const std::vector<std::string>& paths) const;

  /// Like ask(), but for the directories above `path` if a file system is mounted on `path`: its root can be
  /// looked at and bound without asking its server or triggering an automount.
  Status ask_on_the_way(const std::string& path) const;

 private:
  Questions questions(const std::string& path) const;
  const Mount* served_at(std::string_view target) const;
  std::vector<const Mount*> on_the_way(const std::string& real) const;

  MountTable table_;
  std::set<std::string, std::less<>> targets_;  // of mounts on servers: few among thousands of mounts
};

}  // namespace chos
