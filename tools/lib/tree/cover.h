// SPDX-License-Identifier: BSD-3-Clause
// Covers programs of trees in whose place the base OS's are to run ([base.os] of chos.conf(5)): a link to
// chos-base(1) is mounted over each of them, in the farm only.
#pragma once

#include <string>
#include <vector>

#include "basic/transaction.h"
#include "mount/mountinfo.h"

namespace chos {

class BaseCovers {
 public:
  /// links: the directory of the link that is mounted; share_links except in tests.
  static Result<BaseCovers> read(std::string links, Transaction& changes);

  struct Count {
    std::size_t all = 0, made = 0, removed = 0;
  };

  /// Covers the programs of these names in the standard PATH of a tree, and uncovers all others.  `tree` is
  /// open on the tree in the farm.  flags: of the mounts.
  Result<Count> show(int tree, const std::vector<std::string>& names, unsigned flags);

 private:
  BaseCovers(std::string links, Transaction& changes, MountTable table);

  Status cover(int target, const std::string& name, unsigned flags);
  Result<std::size_t> uncover_others(int tree, const std::vector<std::string>& names);

  std::string link_;
  Transaction* changes_;
  MountTable table_;
};

/// The programs of these names in the standard PATH of a tree that are not covered: absolute paths, as in the
/// OS.
std::vector<std::string> uncovered_programs(int tree, const std::vector<std::string>& names);

}  // namespace chos
