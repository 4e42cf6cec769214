// SPDX-License-Identifier: BSD-3-Clause
// Examines one tree: can an OS run in it?
#pragma once

#include <string>

#include "allowlist/allowlist.h"
#include "config/config.h"
#include "fileserver/servers.h"
#include "inspect/finding.h"

namespace chos {

/// Examines the tree of `entry`, which lies at `path` of the base OS: its shell, its libc and loader against
/// the release `kernel` of the running kernel, and what chos adds to it in the farm. Opens everything as a
/// process in the OS would find it, and runs nothing of the tree. False: there is no tree, which is a finding
/// too. See inspect/safety.h for owners, modes and files that give rights.
bool examine_tree(const Allowlist& list, const OsEntry& entry, const std::string& path, const Config& config,
                  const std::string& kernel, const Servers& servers, Findings& out);

}  // namespace chos
