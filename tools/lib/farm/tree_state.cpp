// SPDX-License-Identifier: BSD-3-Clause
#include "farm/tree_state.h"

#include <utility>
#include <vector>

namespace chos {

TreeState TreeStates::of(const OsEntry& entry) const {
  const auto found = states_.find(entry.name);
  return found == states_.end() ? TreeState() : found->second;
}

Allowlist TreeStates::for_kernel(const Allowlist& list) const {
  std::vector<OsEntry> entries;
  for (const auto& entry : list.entries()) entries.push_back(chos::for_kernel(entry, of(entry)));
  return Allowlist(std::move(entries));
}

OsEntry for_kernel(OsEntry entry, const TreeState& state) {
  entry.closed = entry.closed || state.missing;
  return entry;
}

std::string describe_state(const OsEntry& entry, const TreeState& state) {
  if (!state.out_of_reach()) return describe_state(entry);
  std::string access = entry.closed ? "closed" : entry.groups.empty() ? "open" : "";
  if (state.missing && !entry.closed) access = state.silent ? "" : "no tree";
  if (state.silent) access += access.empty() ? "server does not answer" : ", server does not answer";
  return describe_state(entry, access);
}

}  // namespace chos
