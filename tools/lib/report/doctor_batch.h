// SPDX-License-Identifier: BSD-3-Clause
// The part of chosctl doctor about batch systems: whether their jobs run in OSs, and find there what they
// need of the base OS.
#pragma once

#include "allowlist/allowlist.h"
#include "batch/batch.h"
#include "farm/node.h"
#include "farm/tree_state.h"
#include "inspect/finding.h"

namespace chos {

/// Examines the batch systems of the node at `where`: whether their jobs run in OSs, settings that prevent
/// it, and files of the base OS that they need and an OS does not show.  Trees that are silent in `trees` are
/// left out.
void examine_batch(const Node& node, const Allowlist& list, const TreeStates& trees, const BatchNode& where,
                   Findings& out);

/// The same for this node, in a child process for each batch system that may take `seconds`: its
/// configuration and the directories of its jobs may lie on a server that is down.
void examine_batch_in_child(const Node& node, const Allowlist& list, const TreeStates& trees, int seconds,
                            Findings& out);

}  // namespace chos
