// SPDX-License-Identifier: BSD-3-Clause
// A configuration file of a batch system.  It may belong to the batch system's own user.
#pragma once

#include <memory>
#include <string>

#include "basic/files.h"
#include "basic/result.h"

namespace chos {

class BatchFile {
 public:
  /// Opens the directory of `path` and, if it exists, the file.  A symbolic link is followed.
  ///
  /// Errors: EPERM if either is writable by anybody but its owner, or if the file belongs neither to
  /// root nor to the caller nor to the owner of the directory; EINVAL if it is not a regular file
  /// with a single name; ENOENT if a link is dangling.
  static Result<std::shared_ptr<BatchFile>> open(const std::string& path);

  const std::string& path() const { return path_; }  ///< with all links resolved
  bool exists() const { return static_cast<bool>(file_); }
  const std::string& text() const { return text_; }  ///< "" if the file does not exist

  /// Writes `text` to BACKUPS/NAME.orig, unless that file has this content already.  Returns its path.
  Result<std::string> back_up(const std::string& backups, const std::string& name,
                              const std::string& text) const;

  /// Replaces or creates the file.  Error: EAGAIN if it has changed since it was opened.
  Status replace(const std::string& text) const;
  /// Removes the file.  Error: as for replace().
  Status remove() const;

 private:
  Status unchanged() const;

  std::string path_, name_, text_;
  UniqueFd directory_, file_;
};

}  // namespace chos
