// SPDX-License-Identifier: BSD-3-Clause
// An image of a tree, to be mounted on many nodes.
#pragma once

#include <string>

#include "basic/result.h"
#include "basic/work_progress.h"

namespace chos {

/// Packs the tree at the absolute path `root` into the new file `file`, as "squashfs" or "erofs"; programs'
/// output goes to FILE.XXXXXX.log, which is removed after success.  An existing `file` is not replaced
/// (code EEXIST), and no other file is written, even if a user owns the directory of `file` and moves things
/// in it meanwhile.  Owners, modes, links and file capabilities are kept.
Status pack_tree(const std::string& root, const std::string& file, const std::string& type,
                 WorkProgress& progress);

}  // namespace chos
