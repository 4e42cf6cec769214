// SPDX-License-Identifier: BSD-3-Clause
// chosctl watch: waits for trees to come and go while the node is up, and then does what reload does.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "basic/progress.h"
#include "config/config.h"
#include "farm/node.h"

namespace chos {

/// Why watch_trees() returned.
enum class WatchEnd { stopped, down, failed };

/// Watches until the descriptor `stop` can be read, or until the node is down.  Reports a step for each OS
/// that was prepared or closed.
///
/// configuration: called before each look.  If it returns nothing, the configuration cannot be read now, and
/// the last one stays in use. again: the time between two looks while a tree to be mounted is missing, or
/// trees are on servers.
WatchEnd watch_trees(Node node, const std::function<std::optional<Config>()>& configuration, int stop,
                     Progress& progress, std::chrono::milliseconds again = std::chrono::minutes(1));

}  // namespace chos
