// SPDX-License-Identifier: BSD-3-Clause
// Mounts of trees: images, and directories that lie elsewhere.  up and reload mount each once, below
// the directory of the trees, and the farm shows it from there.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "allowlist/allowlist.h"
#include "allowlist/parse.h"
#include "basic/files.h"
#include "store/store.h"

namespace chos {

/// What mount_trees() found and did.
struct TreeMounts {
  std::vector<std::pair<std::string, UniqueFd>> mounted;  ///< targets that were mounted now, and the mounts
  std::vector<Complaint> missing;  ///< OSs whose image or directory is not available, or was refused
  std::map<std::string, std::string> refused;  ///< of these, those that others could replace, and why
};

/// OSs whose trees are not mounted yet.
struct UnmountedTrees {
  std::vector<std::string> ready;    ///< their image or directory is available
  std::vector<std::string> waiting;  ///< it is not available
};

/// Whether the tree of this record is a mount, not a plain directory.
bool is_mounted_kind(const Store& store, const TreeRecord& record);

/// Mounts all trees that the list's entries need.  A tree that cannot be mounted does not stop the
/// others; `file` is the list's name for the complaints.
Result<TreeMounts> mount_trees(const Store& store, const Allowlist& list, const std::string& file);

/// Returns the list's open OSs whose trees mount_trees() would mount.
UnmountedTrees unmounted_trees(const Store& store, const Allowlist& list);

/// Unmounts what mount_trees() has mounted.  Returns the targets that are in use; they stay mounted.
Result<std::vector<std::string>> unmount_trees(const Store& store);

}  // namespace chos
