// SPDX-License-Identifier: BSD-3-Clause
// One at a time: what changes the node (up, reload, down) looks at it first, and two of them at
// once would each do what is missing.
#pragma once

#include <string>

#include "basic/files.h"

namespace chos {

/// Waits until nobody else has it, and has it until the descriptor is closed.  The directory of
/// `path` is made if need be.
Result<UniqueFd> lock_node(const std::string& path);

}  // namespace chos
