// SPDX-License-Identifier: BSD-3-Clause
// What a tree consists of, in one text: a line for each entry with its type, mode, owner, size,
// SHA-256 of the content or text of the link, and file capabilities.  Times are not in it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "basic/result.h"

namespace chos {

/// A program that would give rights if it were not for nosuid.
struct PrivilegedFile {
  std::string path;    ///< in the tree, "/usr/bin/su"
  std::string rights;  ///< "setuid", "setgid", "capabilities", with commas
};

struct Manifest {
  std::string text;
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;       ///< of the content of regular files, each hard link once
  std::uint64_t unreadable = 0;  ///< entries whose content is not known
  std::vector<PrivilegedFile> privileged;

  /// "sha256:HEX" of the text.
  std::string digest() const;
};

/// Called now and then while a tree is read; false: stop, with an Error of code EINTR.
using ManifestProgress = std::function<bool(std::uint64_t entries, std::uint64_t bytes)>;

/// What becomes of entries that may not be read, as on an export with root_squash.
enum class Unreadable {
  refuse,
  note,  ///< with "unreadable" for their content
};

/// Reads a whole tree, as root, without leaving its file system.
Result<Manifest> read_manifest(const std::string& root, const ManifestProgress& progress,
                               Unreadable unreadable = Unreadable::refuse);

/// The programs of a whole tree that would give rights; reads no content.  Ends with an Error after
/// `most` entries.
Result<std::vector<PrivilegedFile>> find_privileged(const std::string& root, std::uint64_t most,
                                                    const ManifestProgress& progress);

/// "/etc/motd: content", "/usr/bin/x: missing", "/opt/y: added", "/bin: mode 0755, was 0777".
std::vector<std::string> manifest_differences(const std::string& before, const std::string& after);

/// "sha256:HEX" of a file.
Result<std::string> file_digest(const std::string& path);

}  // namespace chos
