// SPDX-License-Identifier: BSD-3-Clause
// Shows the shared files and directories of the base OS ([share] of chos.conf(5)) in all trees.
#pragma once

#include "basic/result.h"
#include "farm/own_mounts.h"
#include "farm/work.h"
#include "tree/share.h"

namespace chos {

/// Finds out which shares are on servers that answer, and warns of the others, which the OSs show as before.
SharedPaths ask_for_shares(const FarmWork& work, const Servers& servers);

/// Mounts the shares over the files and directories of the trees, and sets the flags of what came with them.
Status show_shares(const FarmWork& work, const SharedPaths& shares, OwnMounts& mounts);

}  // namespace chos
