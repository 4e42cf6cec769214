// SPDX-License-Identifier: BSD-3-Clause
// Writes the entries of a tar archive to the root directory of this process, by libarchive.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "basic/result.h"

struct archive;
struct archive_entry;

namespace chos {

/// It runs in a confined process (confined.h), whose root is that of the tree.  libarchive resolves relative
/// names from the working directory, so it gets absolute paths, which are made of names that were checked.
class TreeWriter {
 public:
  /// `file` names the archive in messages.
  explicit TreeWriter(std::string file);

  /// An Error unless each directory above an entry is a directory of the tree that is reached without a link,
  /// or is not there yet.  A link in the archive could lead later entries elsewhere in the tree.  The same is
  /// asked of the entry itself if it is a directory: libarchive would follow a link to one.
  Status check_parents(const std::string& name, bool is_directory = false) const;

  /// Removes what is in the place of an entry of a layer, unless both are directories.
  Status make_way(const std::string& name, bool is_directory) const;

  /// Writes an entry with the content that `reader` has for it.  `report` is called after each block.
  Status write(archive_entry* entry, const std::string& name, archive* reader,
               const std::function<void()>& report);

  /// Sets the modes and times of directories.  `last` names the last entry.
  Status close(const std::string& last);

  /// The Error for a part of the archive that cannot be read.
  Error unreadable(const std::string& name, archive* reader) const;

 private:
  Status begin(archive_entry* entry, const std::string& name);
  Result<bool> copy_block(const std::string& name, archive* reader);  // false: there is no more
  Status check_twin(const std::string& name, const std::string& target) const;
  Error unwritable(const std::string& name) const;

  struct Free {
    void operator()(archive* writer) const;
  };
  std::string file_;
  std::unique_ptr<archive, Free> writer_;
};

}  // namespace chos
