// SPDX-License-Identifier: BSD-3-Clause
// chosctl doctor: what is wrong with the node, and what to do about it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "allowlist/allowlist.h"
#include "allowlist/parse.h"
#include "config/config.h"
#include "farm/node.h"
#include "inspect/finding.h"
#include "mount/mountinfo.h"

namespace chos {

/// Called before each part of the examination.  A part may take a while for a big tree.
using Examining = std::function<void(const std::string& part)>;

/// Examines the whole node: everything below, batch systems and trees.  Changes nothing.
Findings examine(const Node& node, const ParsedConfig& config, const Examining& examining);

/// Module, fork tracking, chosfs, farm, binds, propagation, flags.
void examine_module(const Node& node, Findings& out);
void examine_farm(const Node& node, Findings& out);

/// /etc/chos and /etc/chos.conf, and whether the kernel's list agrees with them.  Returns the parsed
/// allowlist.
ParsedAllowlist examine_files(const Node& node, const ParsedConfig& config, Findings& out);

/// Warns if the mounts in shared directories, of which each of the `oses` has a copy, come near `most`, the
/// limit of the kernel (fs.mount-max).
void examine_mounts_in_shares(const std::vector<std::string>& share, std::size_t oses, std::size_t most,
                              const MountTable& table, Findings& out);

}  // namespace chos
