// SPDX-License-Identifier: BSD-3-Clause
// Files of a tree that have something in common, such as setuid programs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace chos {

struct ListedFile {
  std::string path;   ///< in the tree, "/usr/bin/su"
  std::string about;  ///< "setuid", "uid 1000"

  bool operator==(const ListedFile&) const = default;
};

/// Counts all files and keeps some of them.  A tree must not fill memory or records with its names.
class FileList {
 public:
  static constexpr std::size_t most_files = 1000;
  static constexpr std::size_t most_bytes = std::size_t{256} * 1024;  ///< of the names

  void add(std::string path, std::string about);
  /// Sorts the files that were kept by their paths.
  void sort();

  bool empty() const { return count_ == 0; }
  std::uint64_t count() const { return count_; }
  const std::vector<ListedFile>& files() const { return files_; }

  /// Counts files without keeping them.
  void add_unnamed(std::uint64_t more) { count_ += more; }

  /// "/bin/a (setuid), /bin/b (setgid) and 3 more": the first `most` files, safe to print.
  std::string text(std::size_t most) const;

 private:
  std::uint64_t count_ = 0;
  std::size_t bytes_ = 0;
  std::vector<ListedFile> files_;
};

}  // namespace chos
