// SPDX-License-Identifier: BSD-3-Clause
// chosctl down.
#pragma once

#include "basic/progress.h"
#include "farm/node.h"

namespace chos {

struct DownOptions {
  bool force = false;        ///< even while processes are in an OS
  bool keep_module = false;  ///< leave the module loaded and its files mounted
};

/// How take_down() ended.
struct DownOutcome {
  enum class What {
    down,       ///< the node is down
    in_use,     ///< processes are in an OS, and nothing was changed
    failed,     ///< reported by Progress::failed()
    remaining,  ///< the farm is gone, the module could not be unloaded
  };
  What what = What::down;
  std::vector<OsProcess> processes;  ///< with in_use and with force: those in an OS
  std::vector<pid_t> holders;        ///< with remaining: processes whose namespaces hold chosfs
};

/// Empties the kernel's allowlist, unmounts the farm and /proc/chos, and unloads the module.
DownOutcome take_down(const Node& node, const DownOptions& options, Progress& progress);

/// The processes in other mount namespaces that have file systems of `type` mounted.
std::vector<pid_t> holders_elsewhere(const std::string& type);

}  // namespace chos
