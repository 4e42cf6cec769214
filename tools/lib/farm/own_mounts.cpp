// SPDX-License-Identifier: BSD-3-Clause
#include "farm/own_mounts.h"

#include <fcntl.h>

#include <cerrno>

#include "allowlist/farm_names.h"
#include "basic/files.h"
#include "basic/text.h"
#include "farm/layout.h"
#include "farm/trees.h"
#include "fileserver/servers.h"
#include "mount/mountinfo.h"
#include "mount/open.h"
#include "mount/operations.h"

namespace chos {
namespace {

std::string directory_above(const std::string& path) { return path.substr(0, path.rfind('/')); }

}  // namespace

Status OwnMounts::make() {
  const auto table = MountTable::read();
  if (!table) return table.error();
  const Node& node = work_.node;
  const std::string os = node.farm_path(farm_trees), local = node.farm_path(farm_local);
  rules_ = {{local, mount_nosuid, 0}, {os, mount_nosuid | mount_nodev, 0}};
  std::size_t made = 0, all = 0;
  for (const OsEntry* entry : trees_of(work_.list)) {
    const TreeState state = work_.trees.of(*entry);
    // Its own mount, if it has one, stays as it is, and so do the mounts in it.
    if (state.silent && entry->suid) rules_.push_back({node.config.farm + entry->path, mount_nodev, 0});
    if (state.out_of_reach()) continue;
    const auto tree = open_tree_in_farm(node.config, *entry);
    if (!tree && entry->closed) continue;  // nobody can enter it; find_missing_trees() has warned of it
    if (!tree) return tree.error();
    const std::string target = path_of(tree->get());
    const bool elsewhere = !is_below(target, os) && !is_below(target, local);
    const bool suid = may_be_suid(*entry, target);
    if (!suid && !elsewhere) continue;
    ++all;
    const auto is_new = make_one(*entry, tree->get(), suid, table->at(target) != nullptr);
    if (!is_new) return is_new.error();
    if (*is_new) ++made;
  }
  if (all > 0)
    work_.progress.step("trees", made > 0,
                        counted(made, all) + (all == 1 ? " mount" : " mounts") + " of their own");
  return {};
}

// The module tells by the path of a program whether it is in the tree of an OS: a tree whose programs grant
// privileges must be where the allowlist says.
bool OwnMounts::may_be_suid(const OsEntry& entry, const std::string& target) const {
  if (!entry.suid || target == work_.node.config.farm + entry.path) return entry.suid;
  work_.progress.warning("the OS " + in_quotes(entry.name) + " is marked suid, but " + entry.path +
                         " leads through a symbolic link to " + in_quotes(target) +
                         ": its setuid programs grant no privileges; put the tree at that path itself");
  return false;
}

// True: the tree was bound now.
Result<bool> OwnMounts::make_one(const OsEntry& entry, int tree, bool suid, bool is_mounted) {
  const std::string target = path_of(tree);
  if (suid) rules_.push_back({target, mount_nodev, mount_nosuid, base_directory(entry), work_.node.layers});
  else rules_.push_back({target, mount_nodev | mount_nosuid, 0});
  if (is_mounted) return false;
  auto mount = bind_tree_over(tree, tree, target, target);
  if (!mount) return mount.error();
  record_mount(std::move(*mount), "binding " + target, target, work_.changes);
  return true;
}

// The path as in mountinfo(5); "" if the base OS has no such directory any more.
std::string OwnMounts::base_directory(const OsEntry& entry) const {
  const auto path = base_path(work_.node.config, entry.path);
  const UniqueFd tree(path ? ::open(path->c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC) : -1);
  return tree ? path_of(tree.get()) : std::string();
}

Status OwnMounts::set_flags() {
  const auto changed = set_all_flags(Undo::recorded);
  if (!changed) return changed.error();
  work_.progress.step("flags", *changed > 0,
                      *changed == 0 ? "no mount had to change"
                                    : std::to_string(*changed) + (*changed == 1 ? " mount" : " mounts"));
  return {};
}

Status OwnMounts::set_flags_of_new_mounts() {
  const auto changed = set_all_flags(Undo::never);
  return changed ? Status() : Status(changed.error());
}

Result<std::size_t> OwnMounts::set_all_flags(Undo undo) {
  const auto table = MountTable::read();
  if (!table) return table.error();
  std::size_t changed = 0;
  const Servers servers(*table);
  const auto actions = plan_flags(*table, rules_);
  std::vector<std::string> paths;
  for (const auto& action : actions) paths.push_back(directory_above(action.target));
  servers.ask_all(paths);
  for (const auto& action : actions) {
    // Below a silent server.  Its OS is closed, or its flags were set when it was opened.
    if (!servers.ask(directory_above(action.target))) continue;
    const auto is_set = set_flags_of(action, undo);
    if (!is_set) return is_set.error();
    if (*is_set) ++changed;
  }
  return changed;
}

// False: the mount is gone, or covered by another, by now.
Result<bool> OwnMounts::set_flags_of(const FlagAction& action, Undo undo) {
  const auto fd = open_mount(action.id, action.target);
  if (!fd && fd.error().code == ENOENT) return false;
  if (!fd) return fd.error();
  if (auto status = set_mount_flags(fd->get(), action.after, action.target); !status) return status.error();
  if (undo == Undo::never) return true;
  work_.changes.done("setting flags of " + action.target, [action]() -> Status {
    const auto again = open_mount(action.id, action.target);
    if (!again && again.error().code == ENOENT) return {};
    if (!again) return again.error();
    return set_mount_flags(again->get(), action.before, action.target);
  });
  return true;
}

}  // namespace chos
