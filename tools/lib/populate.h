// SPDX-License-Identifier: BSD-3-Clause
// What is mounted inside the farm: the base's directories, the trees, the shared files.
#pragma once

#include "lib/files.h"
#include "lib/node.h"
#include "lib/transaction.h"

namespace chos {

class Populate {
 public:
  Populate(const Node& node, const Allowlist& list, Progress& progress, Transaction& changes)
      : node_(node), list_(list), progress_(progress), changes_(changes) {}

  /// Binds the base's directories, as slaves.
  Status directories();

  /// Lets go of trees that the base OS has no more, or has others in the place of.  What is mounted
  /// in a tree keeps it in the farm when the base unmounts it; so do processes in it, as long as
  /// they last.
  Status stale_trees();

  /// Gives a mount of its own to each tree that needs other flags than what it lies in: a
  /// `suid` one, and one that is neither below `os` nor below `local`.
  Status own_mounts();

  /// nosuid for `local`; nosuid and nodev for the trees, but for `suid` ones.
  Status flags();

  /// Puts the links of tree_links.h into trees that can be written, and takes those away that are
  /// not wanted any more.
  Status links();

  /// Binds the base's files over those of the trees.
  Status shares();

 private:
  std::size_t processes_in(const OsEntry& entry) const;
  Status make_mount_point(const OsEntry& entry, int tree, const std::string& path);

  const Node& node_;
  const Allowlist& list_;
  Progress& progress_;
  Transaction& changes_;
  std::vector<FlagRule> rules_;
};

/// Opens a tree as the farm shows it, O_PATH.
Result<UniqueFd> open_tree_in_farm(const Config& config, const OsEntry& entry);

}  // namespace chos
