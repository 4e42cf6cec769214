// SPDX-License-Identifier: BSD-3-Clause
// The directory of the trees, as the base OS has it while the node is up: bound on itself, nosuid and nodev.
// Users of the base OS who can reach it gain nothing by the setuid programs and devices of the trees.
#pragma once

#include <string>

#include "basic/result.h"
#include "farm/work.h"

namespace chos {

/// Binds it, before anything is mounted in it and before the farm shows it.  Leaves it as it is where that
/// would hide or hold up what administrators and automounters mount: on a file server, or if there are mounts
/// in it.  Also on kernels before Linux 5.12.
Status bind_trees(const FarmWork& work);

/// Unmounts what bind_trees() has mounted, lazily.  False: it has mounted nothing, or something is still
/// mounted in the directory.
Result<bool> unbind_trees(const std::string& trees);

}  // namespace chos
