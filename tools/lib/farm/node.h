// SPDX-License-Identifier: BSD-3-Clause
// A node as chosctl sees it, and what its configuration asks of the farm.
#pragma once

#include <string>
#include <vector>

#include "allowlist/allowlist.h"
#include "allowlist/groups.h"
#include "basic/run_paths.h"
#include "basic/transaction.h"
#include "config/config.h"
#include "fileserver/servers.h"
#include "kernel/module.h"
#include "kernel/proc_chos.h"
#include "mount/plan.h"

namespace chos {

/// The parts of a node.  All members but `config`, `kernel` and `module` keep their defaults in the programs;
/// tests replace them to work on a fake node.
struct Node {
  Config config;
  std::string allowlist_file = allowlist_path;
  ProcChos kernel;
  ModuleControl* module = nullptr;
  std::string filesystem = "chosfs";  ///< the type of the file system on kernel.directory()
  GroupLookup groups = lookup_group;
  uid_t trusted = 0;                ///< the user that configuration files must belong to
  std::string links = share_links;  ///< the links that are mounted over shared files, see ShareSite
  std::string nsswitch = "/etc/nsswitch.conf";  ///< of the base OS
  std::string layers = layer_directory;         ///< the additions to trees, see tree/layer.h
  std::string lock = node_lock_path;            ///< up, reload and down hold it, see basic/lock.h
  std::string problems = problems_path;         ///< see write_problems()

  ShareSite share_site() const { return {config.farm, links}; }
  std::string farm_path(const std::string& name) const { return config.farm + "/" + name; }
};

/// The list in force in the kernel; an empty one if it cannot be read.
Allowlist loaded_list(const Node& node);

/// Whether the module answers and something is mounted on the farm.
bool node_is_up(const Node& node);

}  // namespace chos
