// SPDX-License-Identifier: BSD-3-Clause
// Trees that are missing: on a server that does not answer, or on a disk that is mounted later.  A missing
// tree affects no other OS: its own is closed in the kernel until the tree is there.
#pragma once

#include "allowlist/allowlist.h"
#include "allowlist/parse.h"
#include "config/config.h"
#include "farm/tree_state.h"
#include "fileserver/servers.h"

namespace chos {

/// Where to look for a tree.
enum class Where {
  base,  ///< on the base OS
  farm,  ///< on the base OS, and in the farm, which must be mounted
};

/// Succeeds if the tree of an entry is there: a directory that is not empty.  An empty one is taken for a
/// mount point whose tree is not mounted.  The Error says what is wrong, without a remedy; code ETIMEDOUT:
/// the server does not answer.  Triggers an automount.
Status find_tree(const Config& config, const OsEntry& entry, Where where, const Servers& servers);

/// The same for a tree at `path` of the base OS.
Status find_tree_at(const OsEntry& entry, const std::string& path, const Servers& servers);

/// The directories to look at to find the trees of a list, for Servers::ask_all().
std::vector<std::string> tree_paths(const Config& config, const Allowlist& list, Where where);

/// Finds the trees that are on servers that do not answer.  To be called before any of the trees is opened,
/// which would block.
TreeStates find_silent_trees(const Config& config, const Allowlist& list, const Servers& servers);

/// The missing trees of a list, with the lines of its file.
struct MissingTrees {
  std::vector<Complaint> complaints;
  std::vector<std::string> names;  ///< of the OSs that are closed because their trees are missing
};

/// Looks for the trees of all entries and updates `states`.  A tree whose OS is `closed` in the file does not
/// count as missing.  Nor does a silent one whose OS is open in `loaded`, the kernel's list: that OS stays
/// open, and a process that enters it blocks until the server answers, as it would in the base OS.
MissingTrees find_missing_trees(const Config& config, const std::string& file, const Allowlist& list,
                                const Allowlist& loaded, Where where, const Servers& servers,
                                TreeStates& states);

/// "1 OS is closed because its tree is missing: a"; "" for no name.
std::string missing_text(const std::vector<std::string>& names);

}  // namespace chos
