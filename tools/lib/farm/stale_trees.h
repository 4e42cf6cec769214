// SPDX-License-Identifier: BSD-3-Clause
// Trees that the farm still shows, though the base OS has unmounted or replaced them.
#pragma once

#include "basic/result.h"
#include "farm/work.h"

namespace chos {

/// Unmounts trees in the farm that are gone from the base OS, or are others there now.  The mounts that chos
/// made in such a tree keep it in the farm when the base unmounts it.  A tree with processes in it stays,
/// with a warning.
Status unmount_stale_trees(const FarmWork& work);

}  // namespace chos
