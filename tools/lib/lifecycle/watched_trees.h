// SPDX-License-Identifier: BSD-3-Clause
// What chosctl watch sees of the trees, and what it makes of the differences.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "allowlist/allowlist.h"
#include "config/config.h"
#include "farm/tree_state.h"
#include "mount/mountinfo.h"

namespace chos {

/// A tree as it is now.
struct WatchedTree {
  bool there = false;
  /// Tells apart directories and mounts: another text means another directory, or a new mount of it.  "" if
  /// the tree is not there.
  std::string identity;
};

/// By the name of the OS.
using WatchedTrees = std::map<std::string, WatchedTree>;

/// What has changed since the last look.
struct WatchedChange {
  std::string what;     ///< a sentence
  std::string os = {};  ///< the OS whose tree it is about; "" for a shared directory
  bool came = false;    ///< the tree was missing and can be mounted now

  bool operator==(const WatchedChange&) const = default;
};

/// Looks at the trees of `list`.  Left out are trees whose servers do not answer, and trees that an
/// automounter would have to mount while their OSs are open in `loaded`, the kernel's list: each look would
/// mount them again.
WatchedTrees look_at_trees(const Config& config, const Allowlist& list, const Allowlist& loaded,
                           const MountTable& table);

/// Returns a change for each OS that is to be prepared or closed: the OS is open in `wanted` (/etc/chos),
/// and either its state in `loaded`, the kernel's list, does not fit its tree, or its tree is another one
/// than `before`.  Entries that the kernel does not have are ignored.  So are those with `problems`, unless
/// their trees were replaced: what is mended inside a tree is not seen here.
std::vector<WatchedChange> what_changed(const Allowlist& wanted, const Allowlist& loaded,
                                        const WatchedTrees& before, const WatchedTrees& now,
                                        const TreeProblems& problems = {});

/// The sentence for an OS whose tree has come.
std::string opened_text(const std::string& name);

}  // namespace chos
