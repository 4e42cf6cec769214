// SPDX-License-Identifier: BSD-3-Clause
// Where a path of an OS leads, without entering it.
#pragma once

#include <string>
#include <vector>

#include "allowlist/allowlist.h"
#include "basic/result.h"
#include "config/config.h"
#include "kernel/proc_chos.h"

namespace chos {

/// The path on the base OS, below the farm and without symbolic links, of what a process in the OS of
/// `entry` finds at `path`.
///
/// Each component is looked up as there: a directory that all OSs share in the farm, anything else in
/// the tree, links from the OS's root.  Code ENOENT: it finds nothing; ELOOP: too many links.
/// layout: of the farm, see wanted_layout().
Result<std::string> path_in_os(const Config& config, const std::vector<LayoutName>& layout,
                               const OsEntry& entry, const std::string& path);

}  // namespace chos
