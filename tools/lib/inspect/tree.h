// SPDX-License-Identifier: BSD-3-Clause
// Whether a tree is fit to be entered.
#pragma once

#include <string>

#include "allowlist/allowlist.h"
#include "config/config.h"
#include "fileserver/servers.h"
#include "inspect/finding.h"

namespace chos {

/// One tree, at `path` of the base OS: present, a shell, loader and libc against the running kernel
/// of release `kernel`, owners, what chos adds to it in the farm, files that give rights.
void examine_tree(const Allowlist& list, const OsEntry& entry, const std::string& path, const Config& config,
                  const std::string& kernel, const Servers& servers, Findings& out);

}  // namespace chos
