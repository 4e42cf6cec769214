// SPDX-License-Identifier: BSD-3-Clause
// What the configuration asks of the farm: its names, what is bound there, and which paths lie in it.
#pragma once

#include <string>
#include <vector>

#include "allowlist/allowlist.h"
#include "config/config.h"
#include "fileserver/servers.h"
#include "kernel/proc_chos.h"
#include "mount/plan.h"

namespace chos {

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
WantedBinds wanted_binds(const Config& config, const std::vector<LayoutName>& layout, const Servers& servers);

/// The path on the base OS of a path in the farm ("/os/x": TREES/x, "/local/x": /x, "/home/x":
/// /home/x).  An Error if the farm has no such directory.
Result<std::string> base_path(const Config& config, const std::string& path);

/// The entries whose path is in none of the farm's directories, whatever is there.
std::vector<Complaint> check_paths(const Config& config, const Allowlist& list, const std::string& file);

}  // namespace chos
