// SPDX-License-Identifier: BSD-3-Clause
// The mount table of a mount namespace, read with libmount, and queries on it.  Everything but read() is
// pure, so that tests can parse tables of their own.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "basic/result.h"
#include "mount/flags.h"

namespace chos {

struct Mount {
  int id = 0;
  int parent = 0;
  std::string device;  ///< "MAJOR:MINOR"
  std::string root;    ///< the directory of the file system that is the root of this mount
  std::string target;  ///< where it is mounted
  std::string type;    ///< of the file system
  std::string source;  ///< what was mounted, as the mount call named it
  unsigned flags = 0;  ///< see MountFlag
  bool shared = false;
  bool slave = false;
  int group = 0;   ///< its peer group, if it is shared
  int master = 0;  ///< the peer group that it is a slave of, if it is a slave
  bool unbindable = false;
  bool indirect = false;  ///< autofs: the automounter mounts on directories below it, not on it
};

class MountTable {
 public:
  MountTable() = default;
  explicit MountTable(std::vector<Mount> mounts);

  /// Reads the table of this process's mount namespace.
  static Result<MountTable> read(const std::string& file = "/proc/self/mountinfo");

  /// Parses text in the format of /proc/PID/mountinfo.  An Error, code EINVAL, if it is not.
  static Result<MountTable> parse(const std::string& text);

  /// All mounts, in the order of the table.
  const std::vector<Mount>& mounts() const { return mounts_; }

  const Mount* by_id(int id) const;

  /// The topmost mount on `target`.  Null if nothing is mounted there, or if a mount over a directory above
  /// hides it.
  const Mount* at(std::string_view target) const;

  /// The mount that a path without symbolic links is on.
  const Mount* holding(std::string_view path) const;

  /// The mounts that can be reached at `path` or below it, the outer before the inner.
  std::vector<const Mount*> below(std::string_view path) const;

  /// The file system that a path without symbolic links is on, and the path inside it.
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

/// Whether `path` is `directory` or below it.  Compares the names only.
bool is_below(std::string_view path, std::string_view directory);

}  // namespace chos
