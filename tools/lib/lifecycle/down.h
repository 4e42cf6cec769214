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

/// Why down did not go on, or what is left.
struct DownOutcome {
  enum class What {
    down,       ///< done, or there was nothing to do
    in_use,     ///< processes are in an OS, and nothing was changed
    failed,     ///< said through Progress
    remaining,  ///< the farm is gone, the module could not be unloaded
  };
  What what = What::down;
  std::vector<OsProcess> processes;  ///< with in_use, and with force: who is in an OS
  std::vector<pid_t> holders;        ///< with remaining: processes whose namespaces hold chosfs
};

/// Lets nobody enter any more, unmounts the farm and /proc/chos, unloads the module.
DownOutcome take_down(const Node& node, const DownOptions& options, Progress& progress);

/// The processes whose mount namespace is not this one and has file systems of `type`.
std::vector<pid_t> holders_elsewhere(const std::string& type);

}  // namespace chos
