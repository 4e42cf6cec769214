// SPDX-License-Identifier: BSD-3-Clause
// The lock that up, reload and down hold.  Each looks at the node first and then does what is missing, so two
// at once would do it twice.
#pragma once

#include <string>

#include "basic/files.h"

namespace chos {

/// Waits for the lock file `path`.  The lock is held until the descriptor is closed.  Makes the directory of
/// `path` if it does not exist.
Result<UniqueFd> lock_node(const std::string& path);

}  // namespace chos
