// SPDX-License-Identifier: BSD-3-Clause
#include "lib/mount_plan.h"

#include <algorithm>

namespace chos {

std::vector<BindAction> plan_binds(const MountTable& table, const std::vector<BindWish>& wishes) {
  std::vector<BindAction> actions;
  for (const auto& wish : wishes) {
    if (table.at(wish.target) == nullptr)
      actions.push_back({BindAction::Kind::bind, wish});
    else if (!table.same_directory(wish.source, wish.target))
      actions.push_back({BindAction::Kind::rebind, wish});
  }
  return actions;
}

std::vector<FlagAction> plan_flags(const MountTable& table, const std::vector<FlagRule>& rules) {
  std::vector<FlagAction> actions;
  for (const auto& mount : table.mounts()) {
    const FlagRule* best = nullptr;
    for (const auto& rule : rules) {
      if (!is_below(mount.target, rule.path)) continue;
      if (best == nullptr || rule.path.size() > best->path.size()) best = &rule;
    }
    if (best == nullptr) continue;
    const unsigned after = (mount.flags | best->set) & ~best->clear;
    if (after == mount.flags || table.at(mount.target) != &mount) continue;
    actions.push_back({mount.id, mount.target, mount.flags, after});
  }
  return actions;
}

std::vector<std::string> without_propagation(const MountTable& table,
                                             const std::vector<BindWish>& wishes) {
  std::vector<std::string> found;
  for (const auto& wish : wishes) {
    const Mount* mount = table.holding(wish.source);
    if (mount == nullptr || mount->shared || mount->slave) continue;
    if (std::find(found.begin(), found.end(), mount->target) == found.end())
      found.push_back(mount->target);
  }
  return found;
}

}  // namespace chos
