// SPDX-License-Identifier: BSD-3-Clause
// The content of a tree as one text: a line for each entry with its type, mode, owner, size,
// SHA-256 of the content or text of the link, and file capabilities.  Times are not in it.  Of a place where
// another file system is mounted it has the path only.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "basic/result.h"

namespace chos {

struct Manifest {
  std::string text;
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;       ///< of the content of regular files, each hard link once
  std::uint64_t unreadable = 0;  ///< entries whose content could not be read, or was not as it is mounted

  /// "sha256:HEX" of the text.
  std::string digest() const;
};

/// Called now and then while a tree is read; false: stop, with an Error of code EINTR.
using ManifestProgress = std::function<bool(std::uint64_t entries, std::uint64_t bytes)>;

/// How to treat entries that cannot be read.  They are listed with "unreadable" or "too-deep" in the place of
/// their digest, or are an Error that names them.
enum class Unreadable {
  refuse,  ///< all, and other file systems mounted in the tree, are an Error
  note,    ///< those that may not be read, as on an NFS export with root_squash, are listed
  list,    ///< all are listed: no user of the tree can end the reading, by a lease or a deep directory
};

/// Reads a whole tree, as root, without leaving it or its file system (basic/walk.h).
Result<Manifest> read_manifest(const std::string& root, const ManifestProgress& progress,
                               Unreadable unreadable = Unreadable::refuse);

/// "/etc/motd: content", "/opt/z: cannot be read now", "/usr/bin/x: missing", "/opt/y: added", "/bin: mode
/// 0755, was 0777".
std::vector<std::string> manifest_differences(const std::string& before, const std::string& after);

/// "sha256:HEX" of a file.
Result<std::string> file_digest(const std::string& path);

}  // namespace chos
