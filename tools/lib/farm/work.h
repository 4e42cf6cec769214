// SPDX-License-Identifier: BSD-3-Clause
// What all steps of up and reload work on.
#pragma once

#include <cstddef>
#include <string>

#include "allowlist/allowlist.h"
#include "basic/progress.h"
#include "basic/transaction.h"
#include "farm/node.h"
#include "farm/tree_state.h"

namespace chos {

/// Each step reports to `progress`, and records in `changes` how to undo what it did.
struct FarmWork {
  const Node& node;
  const Allowlist& list;
  const TreeStates& trees;
  Progress& progress;
  Transaction& changes;
};

/// How many processes are in the OS of `entry`, under any of its names.  1 if they cannot be counted.
std::size_t processes_in(const FarmWork& work, const OsEntry& entry);

/// "12, 3 of them new"; "12" if none or all of them are new.
std::string counted(std::size_t changed, std::size_t all);

}  // namespace chos
