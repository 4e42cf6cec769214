// SPDX-License-Identifier: BSD-3-Clause
// Removing trees from the store.
#pragma once

#include <string>

#include "manage/context.h"

namespace chos {

/// Whether a signal ends the removal of a working directory.  What no user could reach goes in any case.
enum class Stop { on_signal, never };

/// Unmounts everything in the working directory of an OS and deletes it.  A change of the OS must not depend
/// on that, since users may have filled a tree: what cannot be deleted is noted and put aside.  Fails only if
/// that does not work.
Status clean_work(const ManageContext& context, const std::string& name, Stop stop = Stop::on_signal);

/// Tries again to delete what was put aside, of any OS; a failure is noted.
void clean_rubbish(const ManageContext& context);

/// Deletes a tree and its record.  The allowlist must not name it, and no process may be in it.
Status discard_tree(const ManageContext& context, const TreeRecord& record);

/// The same for a tree whose publication did not finish: a tree that is still in the working directory
/// was not moved, so what is at its place in the store belongs to somebody else and stays.
Status take_back(const ManageContext& context, const TreeRecord& record);

/// Renames a tree, an image or a directory, never over something that exists.
Status move_new(const std::string& from, const std::string& to);

}  // namespace chos
