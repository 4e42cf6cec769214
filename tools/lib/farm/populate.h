// SPDX-License-Identifier: BSD-3-Clause
// What is mounted inside the farm: the base's directories, the trees, the shared files.
#pragma once

#include "allowlist/allowlist.h"
#include "basic/files.h"
#include "basic/progress.h"
#include "basic/transaction.h"
#include "farm/node.h"
#include "tree/layer.h"
#include "tree/share.h"

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

  /// Finds out which shares one may look at.  The OSs go on to show the others as they do.
  void ask_for_shares(const Servers& servers);

  /// Gives a mount of its own to each tree that needs other flags than what it lies in: a
  /// `suid` one, and one that is neither below `os` nor below `local`.
  Status own_mounts();

  /// nosuid for `local`; nosuid and nodev for the trees, but for `suid` ones.
  Status flags();

  /// Adds, in layers, what the trees lack: the links of tree_links.h and mount points for shares.
  Status layers();

  /// Mounts the base's files and directories over those of the trees.
  Status shares();

  /// Shows the base's nsswitch.conf, without the services that a tree has not.
  Status nsswitch();

  /// Covers the programs that [base.os] names.
  Status covers();

 private:
  struct Counts {
    std::size_t all = 0, changed = 0;
    bool no_overlayfs = false;
  };
  bool shows_nsswitch() const;
  std::vector<Addition> mount_points() const;
  Status remove_old_links(const OsEntry& entry, int tree);
  void say_unmet(const OsEntry& entry, const std::vector<Unmet>& unmet);
  Status show_layers(const OsEntry& entry, LayerMounts& mounts, const LayerPlan& plan, int tree,
                     Counts& counts);
  std::size_t processes_in(const OsEntry& entry) const;
  std::string base_directory(const OsEntry& entry) const;
  enum class Undo { with_the_rest, never };
  Result<std::size_t> set_flags(Undo undo);
  Status share_all(Counts& counts);

  const Node& node_;
  const Allowlist& list_;
  Progress& progress_;
  Transaction& changes_;
  std::vector<FlagRule> rules_;
  SharedPaths shares_;
};

}  // namespace chos
