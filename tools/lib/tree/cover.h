// SPDX-License-Identifier: BSD-3-Clause
// Programs of trees that an OS is not to run, since the base OS's are run instead ([base.os] of
// chos.conf(5)): a link to chos-base(1) is mounted over each of them, in the farm only.
#pragma once

#include <string>
#include <vector>

#include "basic/transaction.h"
#include "mount/mountinfo.h"

namespace chos {

class BaseCovers {
 public:
  /// `links` is share_links, but in tests: the directory of the link that is mounted.
  static Result<BaseCovers> read(std::string links, Transaction& changes);

  struct Count {
    std::size_t all = 0, made = 0, removed = 0;
  };

  /// Covers what has one of `names` in the directories of the standard PATH of the tree that `tree`
  /// is open on, in the farm, and uncovers the rest of that tree.  `flags`: those of the mounts.
  Result<Count> show(int tree, const std::vector<std::string>& names, unsigned flags);

 private:
  BaseCovers(std::string links, Transaction& changes, MountTable table);

  Status make_link() const;
  Status cover(int target, const std::string& name, int tree, const std::string& path, unsigned flags);
  Result<std::size_t> uncover_others(int tree, const std::vector<std::string>& names);

  std::string link_;
  Transaction* changes_;
  MountTable table_;
};

/// What a tree has of `names` in its standard PATH and is not covered: absolute, as in the OS.
std::vector<std::string> uncovered_programs(int tree, const std::vector<std::string>& names);

}  // namespace chos
