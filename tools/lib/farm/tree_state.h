// SPDX-License-Identifier: BSD-3-Clause
// What was found out about the trees of OSs, apart from what /etc/chos says of the OSs.
#pragma once

#include <map>
#include <string>

#include "allowlist/allowlist.h"

namespace chos {

struct TreeState {
  bool missing = false;  ///< there is no tree, so the kernel is told that the OS is closed
  bool silent = false;   ///< its file server does not answer: any access to the tree would block

  /// Nothing may be made in the tree.
  bool out_of_reach() const { return missing || silent; }
};

/// The states of the trees of a list, by the names of the OSs.
class TreeStates {
 public:
  /// The state of the tree of `entry`; one that was never set is there and answers.
  TreeState of(const OsEntry& entry) const;
  void set(const OsEntry& entry, TreeState state) { states_[entry.name] = state; }

  /// The list as the kernel is to have it: OSs whose trees are missing are closed.
  Allowlist for_kernel(const Allowlist& list) const;

 private:
  std::map<std::string, TreeState> states_;
};

/// The entry as the kernel is to have it.
OsEntry for_kernel(OsEntry entry, const TreeState& state);

/// describe_state() of the entry, with "no tree" and "server does not answer" if that was found.
std::string describe_state(const OsEntry& entry, const TreeState& state);

}  // namespace chos
