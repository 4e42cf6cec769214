// SPDX-License-Identifier: BSD-3-Clause
// Resolves a path as a process in an OS would, without entering the OS.
#pragma once

#include <string>
#include <vector>

#include "allowlist/allowlist.h"
#include "basic/result.h"
#include "config/config.h"
#include "kernel/proc_chos.h"

namespace chos {

/// Returns the path on the base OS, below the farm and without symbolic links, of the file that a process in
/// the OS of `entry` finds at `path`.
///
/// Directories that all OSs share are looked up in the farm, everything else in the tree, and absolute links
/// from the root of the OS.  Code ENOENT: there is no such file; ELOOP: too many links. layout: of the farm,
/// see wanted_layout().
Result<std::string> path_in_os(const Config& config, const std::vector<LayoutName>& layout,
                               const OsEntry& entry, const std::string& path);

}  // namespace chos
