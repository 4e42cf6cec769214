// SPDX-License-Identifier: BSD-3-Clause
// Directories on file servers, asked in a way that nobody is stuck if the server is down.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "fileserver/answers.h"
#include "mount/mountinfo.h"

namespace chos {

/// Whether a file system of this type (as in mountinfo(5)) waits for another machine: NFS, SMB,
/// FUSE, cluster file systems; and autofs, which mounts one of them when somebody looks.
bool waits_for_server(const std::string& type);

/// The file systems of a node.
class Servers {
 public:
  explicit Servers(MountTable table);

  /// As they are mounted now.
  static Servers of_node();
  void read_again() { *this = of_node(); }

  /// An absolute path without symbolic links, as far as one can look without asking a server: what is
  /// below the first file system of one stays as it is.  What is not there does, too.
  std::string real_path(const std::string& path) const;

  /// Whether such a file system is on the way to an absolute path.
  bool serve(const std::string& path) const;

  /// Whether those on the way to `path`, a directory, answer within ten seconds each; local ones do.
  /// An automounter is made to mount.  Error ETIMEDOUT: one does not.  That server is not asked again,
  /// until forget_servers(), so that a command with many such trees waits once.
  Status ask(const std::string& path) const;

  /// Asks those on the way to all these directories, different ones at the same time: for whoever is going
  /// to ask() for one after the other, so that many silent ones take no longer than one.
  void ask_all(const std::vector<std::string>& paths) const;

  /// As ask() of what there is to pass on the way to `path`, which may be the root of a silent file
  /// system then: that can be looked at and bound without asking, and no automounter mounts on it.
  Status ask_on_the_way(const std::string& path) const;

 private:
  Questions questions(const std::string& path) const;
  const Mount* served_at(std::string_view target) const;
  std::vector<const Mount*> on_the_way(const std::string& real) const;

  MountTable table_;
  std::set<std::string, std::less<>> targets_;  // of their mounts: few, among thousands of others
};

}  // namespace chos
