// SPDX-License-Identifier: BSD-3-Clause
// What must be mounted for the farm to be as wanted, given what is mounted: pure, so that it can
// be tested with tables of any node.
#pragma once

#include <string>
#include <vector>

#include "mount/mountinfo.h"

namespace chos {

/// A directory of the base OS that is to be seen in the farm, with all below it.
struct BindWish {
  std::string source;  ///< without symbolic links
  std::string target;
};

struct BindAction {
  enum class Kind {
    bind,    ///< nothing is mounted on the target
    rebind,  ///< what is mounted there is not the source (any more): it goes first
  };
  Kind kind = Kind::bind;
  BindWish wish;
};

/// The binds that are missing, in the order of the wishes.
std::vector<BindAction> plan_binds(const MountTable& table, const std::vector<BindWish>& wishes);

/// Flags that mounts at `path` and below it must have, and must not have.  Of several rules
/// that fit, the one with the longest path counts.
///
/// `clear` is for the mount at `path` and for what belongs to it: what the base OS has mounted at the
/// same place below `base` without those flags, and overlays whose sources are below `layers`.  What
/// else is mounted there keeps them: it has them from where it came from.
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

/// The mounts whose flags must change, the outer before the inner.
std::vector<FlagAction> plan_flags(const MountTable& table, const std::vector<FlagRule>& rules);

/// The mounts, each once, that hold sources of the wishes and do not propagate: a bind does not
/// show what the base mounts below them later.  Their targets, for messages.
std::vector<std::string> without_propagation(const MountTable& table, const std::vector<BindWish>& wishes);

}  // namespace chos
