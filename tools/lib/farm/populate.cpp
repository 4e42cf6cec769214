// SPDX-License-Identifier: BSD-3-Clause
#include "farm/populate.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "allowlist/allowlist.h"
#include "allowlist/farm_names.h"
#include "basic/text.h"
#include "farm/layout.h"
#include "farm/trees.h"
#include "fileserver/servers.h"
#include "mount/open.h"
#include "mount/operations.h"

namespace chos {
namespace {

// "3 new, 12 in all"
std::string counted(std::size_t changed, std::size_t all) {
  return std::to_string(all) +
         (changed > 0 && changed < all ? ", " + std::to_string(changed) + " of them new" : "");
}

}  // namespace

Status Populate::directories() {
  const auto table = MountTable::read();
  if (!table) return table.error();
  const Servers servers(*table);
  const auto binds = wanted_binds(node_.config, wanted_layout(node_.config, servers), servers);
  for (const auto& [source, target] : binds.silent)
    progress_.warning(source + " of the base OS does not answer (is its server up?); " + target +
                      (table->at(target) != nullptr ? " stays as it is" : " is empty") +
                      " until chosctl reload when it does");
  const auto actions = plan_binds(*table, binds.wishes);
  for (const auto& action : actions) {
    const auto& [source, target] = action.wish;
    if (action.kind == BindAction::Kind::rebind) {
      if (auto status = detach(target); !status) return status;
      progress_.warning(target + " showed another directory than " + source + "; it is bound anew");
    }
    if (auto status = bind_tree(source, target); !status) return status;
    // What is bound anew is not taken away again: the OSs would be without it.
    if (action.kind == BindAction::Kind::rebind) continue;
    const std::string where = target;
    changes_.done("binding " + where, [where] { return detach(where); });
  }
  for (const auto& mount : without_propagation(*table, binds.wishes))
    progress_.warning("the mount of " + mount +
                      " is private: what is mounted below it from now on "
                      "will not appear in the farm (to change it: mount --make-rshared /, then "
                      "chosctl down and up)");
  progress_.step("directories", !actions.empty(), counted(actions.size(), binds.wishes.size()));
  return {};
}

Status Populate::stale_trees() {
  std::size_t gone = 0;
  for (const OsEntry* entry : trees_of(list_)) {
    if (entry->silent) continue;
    const auto path = base_path(node_.config, entry->path);
    if (!path) return path.error();
    // Own mounts lie on the tree, and go first.
    for (int turn = 0; turn < 8; ++turn) {
      const auto tree = open_tree_in_farm(node_.config, *entry);
      if (!tree || same_directory_as(tree->get(), *path)) break;
      const std::string target = path_of(tree->get());
      const auto table = MountTable::read();
      if (!table) return table.error();
      if (table->at(target) == nullptr) break;
      if (const auto inside = processes_in(*entry); inside > 0) {
        progress_.warning(std::to_string(inside) + (inside == 1 ? " process" : " processes") + " in " +
                          in_quotes(entry->name) + " had the tree at " + *path + " as it was, and " +
                          (inside == 1 ? "keeps" : "keep") + " it; run chosctl reload when they have ended");
        break;
      }
      if (auto status = detach(target); !status) return status;
      ++gone;
    }
  }
  if (gone > 0) progress_.step("trees", true, "let go of " + std::to_string(gone) + " that went");
  return {};
}

// Of all names of its tree.  Those that cannot be counted are there.
std::size_t Populate::processes_in(const OsEntry& entry) const {
  const auto processes = node_.kernel.processes();
  if (!processes) return 1;
  return static_cast<std::size_t>(
      std::count_if(processes->begin(), processes->end(), [&](const OsProcess& process) {
        const OsEntry* other = list_.find_name(process.name);
        return other != nullptr && other->path == entry.path;
      }));
}

Status Populate::own_mounts() {
  const auto table = MountTable::read();
  if (!table) return table.error();
  const std::string os = node_.farm_path(farm_trees), local = node_.farm_path(farm_local);
  rules_ = {{local, mount_nosuid, 0}, {os, mount_nosuid | mount_nodev, 0}};
  std::size_t made = 0, all = 0;
  for (const OsEntry* entry : trees_of(list_)) {
    // The mount of its own that it may have stays as it is, and so does what is mounted in it.
    if (entry->silent && entry->suid) rules_.push_back({node_.config.farm + entry->path, mount_nodev, 0});
    if (entry->out_of_reach()) continue;
    const auto tree = open_tree_in_farm(node_.config, *entry);
    if (!tree && entry->closed) continue;  // nobody enters; mark_missing_trees() has said it
    if (!tree) return tree.error();
    const std::string target = path_of(tree->get());
    const bool elsewhere = !is_below(target, os) && !is_below(target, local);
    if (!entry->suid && !elsewhere) continue;
    ++all;
    if (entry->suid)
      rules_.push_back({target, mount_nodev, mount_nosuid, base_directory(*entry), node_.layers});
    else rules_.push_back({target, mount_nodev | mount_nosuid, 0});
    if (table->at(target) != nullptr) continue;
    if (auto status = bind_tree(target, target); !status) return status;
    changes_.done("binding " + target, [target] { return detach(target); });
    ++made;
  }
  if (all > 0)
    progress_.step("trees", made > 0,
                   counted(made, all) + (all == 1 ? " mount" : " mounts") + " of their own");
  return {};
}

// As mountinfo(5) has it; "" if it went.
std::string Populate::base_directory(const OsEntry& entry) const {
  const auto path = base_path(node_.config, entry.path);
  const UniqueFd tree(path ? ::open(path->c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC) : -1);
  return tree ? path_of(tree.get()) : std::string();
}

Status Populate::flags() {
  const auto changed = set_flags(Undo::with_the_rest);
  if (!changed) return changed.error();
  progress_.step(
      "flags", *changed > 0,
      *changed == 0 ? "nosuid as wanted" : std::to_string(*changed) + (*changed == 1 ? " mount" : " mounts"));
  return {};
}

Result<std::size_t> Populate::set_flags(Undo undo) {
  const auto table = MountTable::read();
  if (!table) return table.error();
  std::size_t changed = 0;
  const Servers servers(*table);
  const auto actions = plan_flags(*table, rules_);
  const auto above = [](const FlagAction& action) {
    return action.target.substr(0, action.target.rfind('/'));
  };
  std::vector<std::string> paths;
  for (const auto& action : actions) paths.push_back(above(action));
  servers.ask_all(paths);
  for (const auto& action : actions) {
    // On what a silent server has.  Its OS is closed, or has had its flags when it was opened.
    if (!servers.ask(above(action))) continue;
    const auto fd = open_mount(action.id, action.target);
    if (!fd && fd.error().code == ENOENT) continue;  // unmounted since, or covered
    if (!fd) return fd.error();
    if (auto status = set_mount_flags(fd->get(), action.after, action.target); !status) return status.error();
    ++changed;
    if (undo == Undo::never) continue;
    changes_.done("setting flags of " + action.target, [action]() -> Status {
      const auto again = open_mount(action.id, action.target);
      if (!again && again.error().code == ENOENT) return {};
      if (!again) return again.error();
      return set_mount_flags(again->get(), action.before, action.target);
    });
  }
  return changed;
}

void Populate::ask_for_shares(const Servers& servers) {
  shares_ = chos::ask_for_shares(node_.config.share, servers);
  for (const auto& path : shares_.silent)
    progress_.warning(path +
                      " of the base OS does not answer (is its server up?); what the OSs show of "
                      "it stays as it is until it answers (chosctl watch sees to that)");
}

Status Populate::shares() {
  Counts counts;
  const auto status = share_all(counts);
  // Of what came along with directories, some of which stay if something failed.
  if (counts.changed > 0)
    if (const auto changed = set_flags(Undo::never); !changed) return changed.error();
  if (!status) return status;
  progress_.step("shared files", counts.changed > 0, counted(counts.changed, counts.all));
  return {};
}

Status Populate::share_all(Counts& counts) {
  auto table = MountTable::read();
  if (!table) return table.error();
  for (const OsEntry* entry : trees_of(list_)) {
    if (entry->out_of_reach()) continue;
    const auto tree = open_tree_in_farm(node_.config, *entry);
    if (!tree && entry->closed) continue;
    if (!tree) return tree.error();
    for (const auto& path : shares_.there) {
      const unsigned flags = mount_nodev | (entry->suid ? 0U : mount_nosuid);
      const auto outcome = share_path(node_.share_site(), *table, tree->get(), path, flags,
                                      [&] { return processes_in(*entry) > 0; });
      if (!outcome)
        return Error{"cannot share " + path + " with " + in_quotes(entry->name) + ": " + outcome.error().what,
                     outcome.error().remedy, outcome.error().code};
      if (outcome->what == ShareOutcome::What::skipped) {
        if (outcome->unusual)
          progress_.warning("not shared with " + in_quotes(entry->name) + ": " + outcome->reason);
        continue;
      }
      ++counts.all;
      if (outcome->what == ShareOutcome::What::kept)
        progress_.warning(path + " of the base OS was unmounted and mounted again, and " +
                          in_quotes(entry->name) +
                          " shows it as it was, for its processes: what the "
                          "base mounts in it now does not appear there; run chosctl reload when they "
                          "have ended");
      if (outcome->what != ShareOutcome::What::bound) continue;
      ++counts.changed;
      if (!outcome->was_there) {
        changes_.done("binding " + outcome->target, [target = outcome->target] { return detach(target); });
        continue;
      }
      // This is not taken back.  The kernel uses the numbers of mounts that went for others.
      table = MountTable::read();
      if (!table) return table.error();
    }
  }
  return {};
}

}  // namespace chos
