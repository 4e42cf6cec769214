// SPDX-License-Identifier: BSD-3-Clause
// chosctl watch: waits for trees that come and go while the node is up, and does what reload does.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "allowlist/allowlist.h"
#include "basic/progress.h"
#include "config/config.h"
#include "farm/node.h"
#include "mount/mountinfo.h"

namespace chos {

/// A tree as it is now.
struct TreeState {
  bool there = false;
  /// Which directory it is; other text: another directory, or mounted anew.  "" if not there.
  std::string identity;
};

/// By the name of the OS.  Left out is a tree whose server does not answer; and one that an automounter
/// would have to mount now, if its OS is open in `loaded`, the kernel's list: looking at it would mount
/// it, again and again.
using TreeStates = std::map<std::string, TreeState>;
TreeStates look_at_trees(const Config& config, const Allowlist& list, const Allowlist& loaded,
                         const MountTable& table);

/// What is to be prepared or closed because of `now`: a sentence for each OS that is open in
/// `wanted` (/etc/chos) and in the kernel's list `loaded` is not as its tree calls for, or whose
/// tree is another one than `before`.  Entries that the kernel does not have are none of it.
std::vector<std::string> what_changed(const Allowlist& wanted, const Allowlist& loaded,
                                      const TreeStates& before, const TreeStates& now);

/// What ended it.
enum class WatchEnd { stopped, down, failed };

/// Acts until `stop` (a descriptor) can be read, or until the node is down.
///
/// configuration: called before each look; nothing: it cannot be read now, the last one counts.
/// A step is said for each OS that was prepared or closed.
/// again: how long until it looks again while a tree that is to be mounted is not there, or trees are
/// on servers.
WatchEnd watch_trees(Node node, const std::function<std::optional<Config>()>& configuration, int stop,
                     Progress& progress, std::chrono::milliseconds again = std::chrono::minutes(1));

}  // namespace chos
