// SPDX-License-Identifier: BSD-3-Clause
// chosctl up and reload.
#pragma once

#include "basic/progress.h"
#include "farm/node.h"

namespace chos {

/// Makes the node what its configuration says: module, chosfs, layout, farm, binds, flags, shared files,
/// allowlist.  What is as wanted already is left alone, so a second call changes nothing.  An OS whose tree
/// is missing gets a warning, and is closed in the kernel.  If a step fails, everything that this call did is
/// undone in reverse order.  The Error was passed to progress.failed() with the name of the step: callers do
/// not print it again.
Status bring_up(const Node& node, Progress& progress);

/// The same for a node that is up: new directories and trees, replaced files, the allowlist.  Neither loads
/// the module nor makes the farm.  After an error the kernel keeps the list it had.
Status reload(const Node& node, Progress& progress);

}  // namespace chos
