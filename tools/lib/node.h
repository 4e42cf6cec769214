// SPDX-License-Identifier: BSD-3-Clause
// A node as chosctl sees it, and what its configuration asks of the farm.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lib/allowlist.h"
#include "lib/config.h"
#include "lib/kernel_link.h"
#include "lib/layer.h"
#include "lib/module.h"
#include "lib/mount_plan.h"
#include "lib/node_lock.h"
#include "lib/servers.h"
#include "lib/share.h"
#include "lib/transaction.h"

namespace chos {

class Progress;

/// OSs whose trees are still to be mounted by Node::mount_trees.
struct UnmountedTrees {
  std::vector<std::string> ready;    ///< what they are made of is there
  std::vector<std::string> waiting;  ///< it is not
};

/// Where everything is; tests put other things in.
struct Node {
  Config config;
  std::string allowlist_file = allowlist_path;
  KernelLink kernel;
  ModuleControl* module = nullptr;
  std::string filesystem = "chosfs";  ///< type of what is mounted on kernel.directory()
  GroupLookup groups = lookup_group;
  uid_t trusted = 0;  ///< whose files are believed
  std::string links = share_links;  ///< see ShareSite
  std::string nsswitch = "/etc/nsswitch.conf";
  std::string layers = layer_directory;  ///< see layer.h
  std::string lock = node_lock_path;  ///< held by what changes the node

  /// Mounts the trees that are images or lie elsewhere, before they are looked for, and takes them
  /// away; set by whoever knows of them (store/mounts.h).
  std::function<Status(const Allowlist&, Progress&, Transaction&)> mount_trees;
  std::function<Status(Progress&)> unmount_trees;
  /// Which of the open OSs' trees are not mounted, though they are of that kind.
  std::function<UnmountedTrees(const Allowlist&)> unmounted_trees;

  ShareSite share_site() const { return {config.farm, links}; }
  std::string farm_path(const std::string& name) const { return config.farm + "/" + name; }
};

/// The list in force in the kernel; an empty one if it cannot be read.
Allowlist loaded_list(const Node& node);

/// Whether the module answers and something is mounted on the farm.
bool node_is_up(const Node& node);

/// What is said while up, down and reload work.
class Progress {
 public:
  virtual ~Progress() = default;
  /// A step is done; `changed` is false if there was nothing to do.
  virtual void step(const std::string& name, bool changed, const std::string& detail) = 0;
  virtual void warning(const std::string& text) = 0;
  /// A step failed.
  virtual void failed(const std::string& name, const Error& error) = 0;
  /// What was undone after a failure; `status` is of the undoing.
  virtual void undone(const std::string& what, const Status& status) = 0;
};

/// The same, with [farm] trees as mountinfo(5) has it: without symbolic links on the way.
Config with_real_paths(Config config);

/// The top-level names of the farm: `local` and `os`, the directories of the configuration
/// that the base OS has, or that lie on servers that do not answer, and the links.
std::vector<LayoutName> wanted_layout(const Config& config, const Servers& servers);

struct WantedBinds {
  std::vector<BindWish> wishes;
  std::vector<BindWish> silent;  ///< the way to the source is by a server that does not answer
};

/// What is bound into the farm: a wish for each `dir` of the layout.  Sources have their
/// symbolic links resolved.  A source that is not there is left out.
WantedBinds wanted_binds(const Config& config, const std::vector<LayoutName>& layout,
                         const Servers& servers);

/// The path on the base OS of a path in the farm ("/os/x": TREES/x, "/local/x": /x, "/home/x":
/// /home/x).  An Error if the farm has no such directory.
Result<std::string> base_path(const Config& config, const std::string& path);

/// The entries whose path is in none of the farm's directories, whatever is there.
std::vector<Complaint> check_paths(const Config& config, const Allowlist& list,
                                   const std::string& file);

/// The entries that have a tree of their own, one for each path.
std::vector<const OsEntry*> trees_of(const Allowlist& list);

}  // namespace chos
