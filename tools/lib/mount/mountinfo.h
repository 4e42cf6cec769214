// SPDX-License-Identifier: BSD-3-Clause
// The mount table of a mount namespace, read with libmount, and questions to it.  Pure but for
// read(): tests parse tables of their own.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "basic/result.h"

namespace chos {

/// Flags of a mount (not of its file system), as a set of bits.
enum MountFlag : unsigned {
  mount_ro = 1U << 0,
  mount_nosuid = 1U << 1,
  mount_nodev = 1U << 2,
  mount_noexec = 1U << 3,
  mount_nosymfollow = 1U << 4,
};

struct Mount {
  int id = 0;
  int parent = 0;
  std::string device;  ///< "MAJOR:MINOR"
  std::string root;    ///< the directory of the file system that is its root
  std::string target;  ///< where it is mounted
  std::string type;    ///< of the file system
  std::string source;  ///< what was mounted, as it was said
  unsigned flags = 0;
  bool shared = false;
  bool slave = false;
  int group = 0;   ///< of peers, if it is shared
  int master = 0;  ///< the group that it is a slave of, if it is one
  bool unbindable = false;
  bool indirect = false;  ///< of an automounter: it mounts on directories below, not on this one
};

class MountTable {
 public:
  MountTable() = default;
  explicit MountTable(std::vector<Mount> mounts);

  /// Of this process's namespace.
  static Result<MountTable> read(const std::string& file = "/proc/self/mountinfo");

  /// What `text`, in the form of /proc/PID/mountinfo, says.
  static Result<MountTable> parse(const std::string& text);

  /// All, in the order of the table.
  const std::vector<Mount>& mounts() const { return mounts_; }

  const Mount* by_id(int id) const;

  /// The mount that a walk to exactly `target` ends on: the topmost there, unless something
  /// is mounted over a directory above it.  Null if nothing is mounted there.
  const Mount* at(std::string_view target) const;

  /// The mount that a path without symbolic links is on.
  const Mount* holding(std::string_view path) const;

  /// Those that a walk can reach at `path` or below it, the outer before the inner.
  std::vector<const Mount*> below(std::string_view path) const;

  /// The file system of a path without symbolic links, and where in it the path is.
  struct Source {
    std::string device, root;
    bool operator==(const Source&) const = default;
  };
  std::optional<Source> source_of(std::string_view path) const;

  /// Whether two paths, without symbolic links, show one directory of one file system.
  bool same_directory(std::string_view a, std::string_view b) const;

 private:
  bool reachable(const Mount& mount) const;

  std::vector<Mount> mounts_;
};

/// Whether `path` is `directory` or below it, by their names.
bool is_below(std::string_view path, std::string_view directory);

/// "ro,nosuid"; "" of none.
std::string flag_names(unsigned flags);

}  // namespace chos
