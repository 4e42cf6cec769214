// SPDX-License-Identifier: BSD-3-Clause
// chosctl up and reload.
#pragma once

#include "basic/progress.h"
#include "farm/node.h"

namespace chos {

/// Makes the node what its configuration says: module, chosfs, layout, farm, binds, flags, shared
/// files, allowlist.  What is so already is left alone, so a second call changes nothing.  An OS
/// whose tree is missing is warned of, and closed in the kernel.  If a step fails, what this call
/// did is undone in reverse.  False: it failed, and was said.
bool bring_up(const Node& node, Progress& progress);

/// The same for a node that is up: new directories and trees, replaced files, the allowlist.  It
/// neither loads the module nor makes the farm.  On an error the kernel keeps the list it had.
bool reload(const Node& node, Progress& progress);

}  // namespace chos
