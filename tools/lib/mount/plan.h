// SPDX-License-Identifier: BSD-3-Clause
// Which mounts and flags the farm lacks, given the mount table.  Pure, so that tests can use the tables of
// any node.
#pragma once

#include <string>
#include <vector>

#include "mount/mountinfo.h"

namespace chos {

/// A directory of the base OS that the farm is to show, with all mounts below it.
struct BindWish {
  std::string source;  ///< without symbolic links
  std::string target;
};

struct BindAction {
  enum class Kind {
    bind,    ///< nothing is mounted on the target
    rebind,  ///< another directory is mounted there, and has to be unmounted first
  };
  Kind kind = Kind::bind;
  BindWish wish;
};

/// Returns the missing binds, in the order of the wishes.
std::vector<BindAction> plan_binds(const MountTable& table, const std::vector<BindWish>& wishes);

/// Flags that the mounts at `path` and below it must have (`set`) or must not have (`clear`).  Of several
/// matching rules, the one with the longest path applies.
///
/// `clear` applies to the mount at `path` and to the mounts that belong to its tree: those that the base OS
/// has at the same place below `base` without the flags, and overlays whose sources are below `layers`.  All
/// other mounts keep the flags, which they have from their source.
struct FlagRule {
  std::string path;
  unsigned set = 0;
  unsigned clear = 0;
  std::string base = {};
  std::string layers = {};
};

struct FlagAction {
  int id = 0;  ///< the mount
  std::string target;
  unsigned before = 0;
  unsigned after = 0;
};

/// Returns the mounts whose flags must change, the outer before the inner.
std::vector<FlagAction> plan_flags(const MountTable& table, const std::vector<FlagRule>& rules);

/// Returns the targets, each once, of private mounts that hold sources of the wishes.  A bind of such a
/// source does not show what the base mounts below it later.
std::vector<std::string> without_propagation(const MountTable& table, const std::vector<BindWish>& wishes);

}  // namespace chos
