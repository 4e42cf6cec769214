// SPDX-License-Identifier: BSD-3-Clause
// Publishing a new tree of an OS, whose journal this process has.
#pragma once

#include <functional>

#include "manage/list.h"
#include "manage/make_tree.h"

namespace chos {

/// Makes the tree and edits the allowlist by `edit`, which gets the record of the tree; removes old
/// generations.  Ends the change (journal.h) in any case.  Nothing is published after an Error.
Result<TreeRecord> publish(const ManageContext& context, const NewTree& wanted,
                           const std::function<ListEdit(const TreeRecord&)>& edit);

}  // namespace chos
