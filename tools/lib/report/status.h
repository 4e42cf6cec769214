// SPDX-License-Identifier: BSD-3-Clause
// chosctl status: how the node is, at a glance.
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
  bool in_kernel = true;  ///< the kernel's list has it as the file does; true if not known
  bool tree_present = false;
  std::optional<std::size_t> processes;  ///< nothing: not known
};

struct NodeStatus {
  bool module_loaded = false;
  std::optional<ModuleVersion> version;  ///< nothing: its files do not answer
  std::string farm;
  bool farm_mounted = false;
  std::size_t farm_dirs = 0, farm_links = 0;  ///< names; 0 without the right to ask
  std::vector<OsStatus> oses;
  std::vector<std::string> problems;  ///< such as errors of /etc/chos
  bool all_processes = false;         ///< counts are of everybody's processes, not the asker's alone

  bool up() const { return version.has_value() && farm_mounted; }
};

NodeStatus examine_node(const Node& node);

}  // namespace chos
