// SPDX-License-Identifier: BSD-3-Clause
// What there is to know of the OSs of a node: `chosctl os list`, `show` and `verify`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "allowlist/allowlist.h"
#include "basic/work_progress.h"
#include "farm/node.h"
#include "farm/tree_state.h"
#include "store/store.h"

namespace chos {

struct OsInfo {
  OsEntry entry;
  TreeState state;  ///< whether its server answers
  bool is_default = false;
  bool tree_present = false;
  std::string tree;  ///< its directory on the base OS
  std::string release, machine;
  std::optional<TreeRecord> record;             ///< nothing: made by hand
  std::vector<TreeRecord> others;               ///< other generations of it
  std::optional<std::size_t> processes, users;  ///< in it now; nothing: not known
};

/// The OSs of the allowlist that have a tree, in its order.  Fast: reads no tree.
Result<std::vector<OsInfo>> list_oses(const Node& node, const Store& store);

/// One of them.  Code ENOENT: the list has no such name.
Result<OsInfo> show_os(const Node& node, const Store& store, const std::string& name);

/// The programs of its tree that would give rights if it were not for nosuid, by their paths: of one
/// that chosctl has made as they were when it was published, of another as they are.
Result<std::vector<PrivilegedFile>> privileged_of(const OsInfo& info, WorkProgress& progress);

/// What differs between a tree and its manifest; empty: nothing.
Result<std::vector<std::string>> verify_os(const Store& store, const TreeRecord& record,
                                           WorkProgress& progress);

}  // namespace chos
