// SPDX-License-Identifier: BSD-3-Clause
// chosctl status: the state of the node at a glance.
#pragma once

#include <map>
#include <optional>

#include "allowlist/allowlist.h"
#include "farm/node.h"
#include "farm/tree_state.h"

namespace chos {

struct OsStatus {
  OsEntry entry;
  TreeState tree;
  bool is_default = false;
  bool in_kernel = true;  ///< the kernel has the entry as the file does; true if not known
  bool tree_present = false;
  std::optional<std::size_t> processes;  ///< nothing: not known
};

struct NodeStatus {
  bool module_loaded = false;
  std::optional<ModuleVersion> version;  ///< nothing: its files cannot be read
  std::string farm;
  bool farm_mounted = false;
  std::size_t farm_dirs = 0, farm_links = 0;  ///< numbers of names; 0 if the caller may not read the layout
  std::vector<OsStatus> oses;
  std::vector<std::string> problems;  ///< for example errors of /etc/chos
  bool all_processes = false;         ///< the counts are of all users' processes, not only the caller's

  bool up() const { return version.has_value() && farm_mounted; }
};

/// Reads the state of the node.  Changes nothing.
NodeStatus examine_node(const Node& node);

}  // namespace chos
