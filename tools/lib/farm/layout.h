// SPDX-License-Identifier: BSD-3-Clause
// What the configuration asks of the farm: its names, the binds in it, and the paths that lie in it.
#pragma once

#include <string>
#include <vector>

#include "allowlist/allowlist.h"
#include "allowlist/parse.h"
#include "config/config.h"
#include "fileserver/servers.h"
#include "kernel/proc_chos.h"
#include "mount/plan.h"

namespace chos {

/// Returns the configuration with the symbolic links of [farm] trees resolved, as in mountinfo(5).
Config with_real_paths(Config config);

/// The top-level names of the farm: `local` and `os`, the configured directories that the base OS has or that
/// lie on servers that do not answer, and the configured links.
std::vector<LayoutName> wanted_layout(const Config& config, const Servers& servers);

struct WantedBinds {
  std::vector<BindWish> wishes;
  std::vector<BindWish> silent;  ///< a server on the way to the source does not answer
};

/// The binds in the farm: a wish for each `dir` of the layout.  Symbolic links of the sources are resolved.
/// Sources that do not exist are left out.
WantedBinds wanted_binds(const Config& config, const std::vector<LayoutName>& layout, const Servers& servers);

/// The path on the base OS of a path in the farm ("/os/x": TREES/x, "/local/x": /x, "/home/x":
/// /home/x).  An Error if the farm has no such directory.
Result<std::string> base_path(const Config& config, const std::string& path);

/// Complains of each entry whose path is in none of the farm's directories.  Looks at no tree.
std::vector<Complaint> check_paths(const Config& config, const Allowlist& list, const std::string& file);

}  // namespace chos
