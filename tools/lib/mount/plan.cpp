// SPDX-License-Identifier: BSD-3-Clause
#include "mount/plan.h"

#include <algorithm>
#include <set>
#include <string_view>

namespace chos {
namespace {

// Decides which mounts of a table the `clear` of a rule applies to.
class Clearing {
 public:
  explicit Clearing(const MountTable& table) : table_(table) {
    for (const auto& mount : table.mounts()) targets_.insert(mount.target);
  }

  bool applies_to(const Mount& mount, const FlagRule& rule) const {
    if (mount.target == rule.path) return true;
    return is_layer(mount, rule) ? lies_on_cleared(mount, rule) : base_has_it_without(mount, rule);
  }

 private:
  static bool is_layer(const Mount& mount, const FlagRule& rule) {
    return mount.type == "overlay" && !rule.layers.empty() && mount.source.starts_with(rule.layers + "/");
  }

  // A layer shows the directory it lies on, so it gets the flags of that mount.
  bool lies_on_cleared(const Mount& layer, const FlagRule& rule) const {
    const Mount* under = table_.by_id(layer.parent);
    return under != nullptr && under != &layer && is_below(under->target, rule.path) &&
           ((under->flags & rule.clear) == 0 || applies_to(*under, rule));
  }

  bool base_has_it_without(const Mount& mount, const FlagRule& rule) const {
    const std::string place = rule.base + mount.target.substr(rule.path.size());
    if (rule.base.empty() || targets_.find(place) == targets_.end()) return false;
    const Mount* of_base = table_.at(place);
    return of_base != nullptr && of_base->device == mount.device && of_base->root == mount.root &&
           (of_base->flags & rule.clear) == 0;
  }

  const MountTable& table_;
  std::set<std::string_view> targets_;  // saves the linear search of at() for most paths
};

}  // namespace

std::vector<BindAction> plan_binds(const MountTable& table, const std::vector<BindWish>& wishes) {
  std::vector<BindAction> actions;
  for (const auto& wish : wishes) {
    if (table.at(wish.target) == nullptr) actions.push_back({BindAction::Kind::bind, wish});
    else if (!table.same_directory(wish.source, wish.target))
      actions.push_back({BindAction::Kind::rebind, wish});
  }
  return actions;
}

std::vector<FlagAction> plan_flags(const MountTable& table, const std::vector<FlagRule>& rules) {
  std::vector<FlagAction> actions;
  const Clearing clearing(table);
  for (const auto& mount : table.mounts()) {
    const FlagRule* best = nullptr;
    for (const auto& rule : rules) {
      if (!is_below(mount.target, rule.path)) continue;
      if (best == nullptr || rule.path.size() > best->path.size()) best = &rule;
    }
    if (best == nullptr) continue;
    unsigned after = mount.flags | best->set;
    if ((after & best->clear) != 0 && clearing.applies_to(mount, *best)) after &= ~best->clear;
    if (after == mount.flags || table.at(mount.target) != &mount) continue;
    actions.push_back({mount.id, mount.target, mount.flags, after});
  }
  return actions;
}

std::vector<std::string> without_propagation(const MountTable& table, const std::vector<BindWish>& wishes) {
  std::vector<std::string> found;
  for (const auto& wish : wishes) {
    const Mount* mount = table.holding(wish.source);
    if (mount == nullptr || mount->shared || mount->slave) continue;
    if (std::find(found.begin(), found.end(), mount->target) == found.end()) found.push_back(mount->target);
  }
  return found;
}

}  // namespace chos
