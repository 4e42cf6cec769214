// SPDX-License-Identifier: BSD-3-Clause
// What all steps of up and reload work on.
#pragma once

#include <cstddef>
#include <functional>
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
  TreeStates& trees;
  Progress& progress;
  Transaction& changes;
};

/// Calls `prepare` for each tree of the list that is in reach, once for all its names.  An Error costs the
/// OSs of that tree only: see close_os().  Returns general errors, at which it stops.
Status for_each_tree(const FarmWork& work, const std::function<Status(const OsEntry&)>& prepare);

/// Closes the OSs of a tree that cannot be prepared because of `error`, with a warning: the kernel's list
/// will have them closed.  Of the changes, those after the first `kept` are undone; what earlier steps
/// mounted for the OS stays, as its processes may use it.  False, with nothing done, if the error is general.
bool close_os(const FarmWork& work, const OsEntry& entry, const Error& error, std::size_t kept);

/// How many processes are in the OS of `entry`, under any of its names.  1 if they cannot be counted.
std::size_t processes_in(const FarmWork& work, const OsEntry& entry);

/// "12, 3 of them new"; "12" if none or all of them are new.
std::string counted(std::size_t changed, std::size_t all);

}  // namespace chos
