// SPDX-License-Identifier: BSD-3-Clause
// A node as chosctl sees it, and what its configuration asks of the farm.
#pragma once

#include <string>
#include <vector>

#include "allowlist/allowlist.h"
#include "basic/run_paths.h"
#include "basic/transaction.h"
#include "config/config.h"
#include "fileserver/servers.h"
#include "kernel/module.h"
#include "kernel/proc_chos.h"
#include "mount/plan.h"

namespace chos {

/// Where everything is; tests put other things in.
struct Node {
  Config config;
  std::string allowlist_file = allowlist_path;
  ProcChos kernel;
  ModuleControl* module = nullptr;
  std::string filesystem = "chosfs";  ///< type of what is mounted on kernel.directory()
  GroupLookup groups = lookup_group;
  uid_t trusted = 0;                ///< whose files are believed
  std::string links = share_links;  ///< see ShareSite
  std::string nsswitch = "/etc/nsswitch.conf";
  std::string layers = layer_directory;  ///< see layer.h
  std::string lock = node_lock_path;     ///< held by what changes the node

  ShareSite share_site() const { return {config.farm, links}; }
  std::string farm_path(const std::string& name) const { return config.farm + "/" + name; }
};

/// The list in force in the kernel; an empty one if it cannot be read.
Allowlist loaded_list(const Node& node);

/// Whether the module answers and something is mounted on the farm.
bool node_is_up(const Node& node);

}  // namespace chos
