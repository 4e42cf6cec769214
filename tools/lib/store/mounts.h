// SPDX-License-Identifier: BSD-3-Clause
// Trees that are mounted: images, and directories that lie elsewhere.  Once for a node, by up and
// reload, below the directory of the trees; the farm shows them from there.
#pragma once

#include <string>
#include <vector>

#include "allowlist/allowlist.h"
#include "store/store.h"

namespace chos {

/// What mount_trees() found and did.
struct TreeMounts {
  std::vector<std::string> mounted;  ///< targets that were mounted now
  std::vector<Complaint> missing;    ///< of OSs whose image or directory cannot be had
};

/// OSs whose trees are still to be mounted by Node::mount_trees.
struct UnmountedTrees {
  std::vector<std::string> ready;    ///< what they are made of is there
  std::vector<std::string> waiting;  ///< it is not
};

/// Whether the tree of this record is mounted, not a directory of its own.
bool is_mounted_kind(const Store& store, const TreeRecord& record);

/// Mounts one tree, unless something is mounted there already.  True: it was done now.
Result<bool> mount_tree(const Store& store, const TreeRecord& record);

/// All that the list's entries need.  A tree that cannot be mounted keeps no other from it.
Result<TreeMounts> mount_trees(const Store& store, const Allowlist& list, const std::string& file);

/// Which of the list's open OSs have a tree that mount_trees() would mount, and whether it can.
UnmountedTrees unmounted_trees(const Store& store, const Allowlist& list);

/// Unmounts what mount_trees() has mounted; what is in use stays, and is returned.
Result<std::vector<std::string>> unmount_trees(const Store& store);

}  // namespace chos
