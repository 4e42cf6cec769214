// SPDX-License-Identifier: BSD-3-Clause
// chosctl doctor: what is wrong with the node, and what to do about it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "allowlist/allowlist.h"
#include "batch/batch.h"
#include "config/config.h"
#include "farm/node.h"
#include "inspect/finding.h"
#include "mount/mountinfo.h"

namespace chos {

/// Called before each part of the examination, which may take a while for a big tree.
using Examining = std::function<void(const std::string& part)>;

/// Everything below, in order.  Changes nothing.
Findings examine(const Node& node, const ParsedConfig& config, const Examining& examining);

/// Module, fork tracking, chosfs, farm, binds, propagation, flags.
void examine_module(const Node& node, Findings& out);
void examine_farm(const Node& node, Findings& out);

/// /etc/chos and /etc/chos.conf, and whether the kernel's list agrees.  The list is returned.
ParsedAllowlist examine_files(const Node& node, const ParsedConfig& config, Findings& out);

/// What is mounted in shared directories, which each of the OSs has once more: `most` mounts are all
/// that the kernel lets there be (fs.mount-max).
void examine_mounts_in_shares(const std::vector<std::string>& share, std::size_t oses, std::size_t most,
                              const MountTable& table, Findings& out);

/// The batch systems of the node at `where`: whether their jobs run in OSs, what is set such that
/// they will not, and what of the base OS they need and an OS does not show.
void examine_batch(const Node& node, const Allowlist& list, const BatchNode& where, Findings& out);

/// The same of this node, by processes that are waited for that many seconds each: configuration and the
/// directories of jobs may lie on a server that is down.
void examine_batch_in_child(const Node& node, const Allowlist& list, int seconds, Findings& out);

}  // namespace chos
