// SPDX-License-Identifier: BSD-3-Clause
// Information about the OSs of a node, for `chosctl os list`, `show` and `verify`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "allowlist/allowlist.h"
#include "basic/work_progress.h"
#include "farm/node.h"
#include "farm/tree_state.h"
#include "inspect/safety.h"
#include "store/store.h"

namespace chos {

struct OsInfo {
  OsEntry entry;
  TreeState state;  ///< whether its server answers
  bool is_default = false;
  bool tree_present = false;
  std::string tree;  ///< its directory on the base OS
  std::string release, machine;
  std::optional<TreeRecord> record;             ///< nothing: chosctl did not make the tree
  std::vector<TreeRecord> others;               ///< other generations of it
  std::optional<std::size_t> processes, users;  ///< in it now; nothing: unknown
};

/// The OSs of the allowlist in its order, without a `default` that points to another entry.  Reads no
/// tree.
Result<std::vector<OsInfo>> list_oses(const Node& node, const Store& store);

/// One of them.  Code ENOENT: the list has no such name.
Result<OsInfo> show_os(const Node& node, const Store& store, const std::string& name);

/// Surveys a whole tree, which is `name` in messages.  Code EFBIG: it has more entries than an archive may
/// have; EINTR: `progress` ended it.
Result<Safety> survey_all(int tree, const std::string& name, WorkProgress& progress);

/// What gives rights in a tree, and what others than root can change of it: as recorded when chosctl
/// published it, or as it is now if chosctl did not make it.
Result<Safety> safety_of(const OsInfo& info, WorkProgress& progress);

/// The differences between a tree and its manifest.
Result<std::vector<std::string>> verify_os(const Store& store, const TreeRecord& record,
                                           WorkProgress& progress);

}  // namespace chos
