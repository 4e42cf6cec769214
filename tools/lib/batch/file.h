// SPDX-License-Identifier: BSD-3-Clause
// A file of a batch system's configuration, which may belong to the batch system's own user.
#pragma once

#include <memory>
#include <string>

#include "basic/files.h"
#include "basic/result.h"

namespace chos {

class BatchFile {
 public:
  /// Opens the directory of `path`, and the file if there is one; a link is followed to what it
  /// leads to.  Both must be writable by their owner only, and the file belong to root, the caller or
  /// the owner of the directory.
  static Result<std::shared_ptr<BatchFile>> open(const std::string& path);

  const std::string& path() const { return path_; }  ///< without links
  bool exists() const { return static_cast<bool>(file_); }
  const std::string& text() const { return text_; }  ///< "" if there is none

  /// Keeps `text` as BACKUPS/NAME.orig, unless that is there already with the same text, and
  /// returns its path.
  Result<std::string> back_up(const std::string& backups, const std::string& name,
                              const std::string& text) const;

  /// Replaces or makes the file; an Error if it is not any more what was read.
  Status replace(const std::string& text) const;
  Status remove() const;

 private:
  Status unchanged() const;

  std::string path_, name_, text_;
  UniqueFd directory_, file_;
};

}  // namespace chos
