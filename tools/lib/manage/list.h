// SPDX-License-Identifier: BSD-3-Clause
// The allowlist of the node: reading it for a change, editing its text, putting it in force.
#pragma once

#include <functional>
#include <string>

#include "allowlist/allowlist.h"
#include "manage/context.h"

namespace chos {

/// From the text of the allowlist to the new text.
using ListEdit = std::function<std::string(const std::string& text)>;

struct ListedOs {
  OsEntry entry;
  std::string site_default;  ///< the path of the site's default; "" if there is none
};

/// The allowlist; empty if there is no file.
Result<Allowlist> read_list(const ManageContext& context);

/// One OS of it.  Code ENOENT: the list has no OS of that name.
Result<ListedOs> find_listed(const ManageContext& context, const std::string& name);

/// Edits the allowlist and puts it in force; if that fails, the old text is restored.  False: the edit
/// changed nothing.
Result<bool> change_list(const ManageContext& context, const ListEdit& edit);

/// Mounts the trees that the list needs and, on a node that is up, reloads.
Status apply_list(const ManageContext& context);

/// Edits the line of an OS: its path `from` becomes that of the tree `to`.  The text is returned
/// unchanged if the OS has another path by now.
std::string with_tree_replaced(const ManageContext& context, const std::string& text, const std::string& name,
                               const std::string& from, const TreeRecord& to);

/// The Error for an edit that changed nothing, because somebody else has edited the line.
Error edited_meanwhile(const ManageContext& context, const std::string& name);

}  // namespace chos
