// SPDX-License-Identifier: BSD-3-Clause
// What was found out about the trees of OSs, apart from what /etc/chos says of the OSs.
#pragma once

#include <map>
#include <string>

#include "allowlist/allowlist.h"
#include "basic/result.h"

namespace chos {

struct TreeState {
  bool missing = false;  ///< there is no tree, so the kernel is told that the OS is closed
  bool silent = false;   ///< its file server does not answer: any access to the tree would block
  /// Why the tree cannot be prepared, so that the kernel is told that the OS is closed; "" if it can.
  std::string problem = {};

  /// Nothing may be made in the tree.
  bool out_of_reach() const { return missing || silent || !problem.empty(); }
};

/// The states of the trees of a list, by the names of the OSs.
class TreeStates {
 public:
  /// The state of the tree of `entry`; one that was never set is there and answers.
  TreeState of(const OsEntry& entry) const;
  /// A problem that was found before stays.
  void set(const OsEntry& entry, TreeState state);
  /// Records the problem of a tree, for all names of it in `list`.
  void set_problem(const Allowlist& list, const OsEntry& entry, const std::string& problem);

  /// The list as the kernel is to have it: OSs whose trees are missing or have a problem are closed.
  Allowlist for_kernel(const Allowlist& list) const;

 private:
  std::map<std::string, TreeState> states_;
};

/// The entry as the kernel is to have it.
OsEntry for_kernel(OsEntry entry, const TreeState& state);

/// Why up and reload closed OSs, by the names of the OSs.
using TreeProblems = std::map<std::string, std::string>;

/// The problems of all entries of `list`.
TreeProblems problems_of(const Allowlist& list, const TreeStates& states);

/// "1 OS is closed because its tree cannot be prepared: a"; "" for no problem.
std::string problems_text(const TreeProblems& problems);

/// Writes them to `file`, for status, doctor and watch; no file for no problems.
Status write_problems(const std::string& file, const TreeProblems& problems);

/// What the last up or reload wrote; empty if it wrote nothing, or the file cannot be read.
TreeProblems read_problems(const std::string& file);

/// describe_state() of the entry, with "no tree", "tree unusable" and "server does not answer" if that was
/// found.
std::string describe_state(const OsEntry& entry, const TreeState& state);

}  // namespace chos
