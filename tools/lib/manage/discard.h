// SPDX-License-Identifier: BSD-3-Clause
// Removing trees from the store.
#pragma once

#include <string>

#include "manage/context.h"

namespace chos {

/// Deletes the working directory of an OS with everything that is mounted in it.
Status clean_work(const ManageContext& context, const std::string& name);

/// Deletes a tree and its record.  The allowlist must not name it, and no process may be in it.
Status discard_tree(const ManageContext& context, const TreeRecord& record);

/// The same for a tree whose publication did not finish: a tree that is still in the working directory
/// was not moved, so what is at its place in the store belongs to somebody else and stays.
Status take_back(const ManageContext& context, const TreeRecord& record);

/// Renames a tree, an image or a directory, never over something that exists.
Status move_new(const std::string& from, const std::string& to);

}  // namespace chos
