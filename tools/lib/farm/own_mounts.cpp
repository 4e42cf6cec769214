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
  // The own mount of a tree out of reach, if it has one, stays as it is, and so do the mounts in it.
  for (const OsEntry* entry : trees_of(work_.list))
    if (work_.trees.of(*entry).silent && entry->suid)
      rules_.push_back({node.config.farm + entry->path, mount_nodev, 0});
  auto status = for_each_tree(work_, [&](const OsEntry& entry) -> Status {
    const auto tree = open_tree_in_farm(node.config, entry);
    if (!tree && entry.closed) return {};  // nobody can enter it; find_missing_trees() has warned of it
    if (!tree) return tree.error();
    const std::string target = path_of(tree->get());
    tops_.emplace_back(target, &entry);
    const bool elsewhere = !is_below(target, os) && !is_below(target, local);
    const bool suid = may_be_suid(entry, target);
    if (!suid && !elsewhere) return {};
    ++all;
    const auto is_new = make_one(entry, tree->get(), suid, table->at(target) != nullptr);
    if (!is_new) return is_new.error();
    if (*is_new) ++made;
    return {};
  });
  if (!status) return status;
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

// Whoever may rename a directory above a mount can hide the mount from a look at its path, so that its flags
// are not set.  What is still missed after some rounds closes its OS.
Result<std::size_t> OwnMounts::set_all_flags(Undo undo) {
  constexpr int most_rounds = 5;
  std::size_t changed = 0;
  std::vector<std::string> missed;
  for (int round = 0; round < most_rounds; ++round) {
    missed.clear();
    const auto count = set_flags_once(undo, missed);
    if (!count) return count.error();
    changed += *count;
    if (missed.empty()) return changed;
  }
  for (const auto& target : missed)
    close_os_of(target,
                {"the flags of the mount on " + target + " cannot be set: it is moved again and again",
                 "see who renames directories there", EAGAIN});
  return changed;
}

Result<std::size_t> OwnMounts::set_flags_once(Undo undo, std::vector<std::string>& missed) {
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
    if (!is_set && !close_os_of(action.target, is_set.error())) return is_set.error();
    if (is_set && *is_set) ++changed;
    // A mount that others cover stays as it is.
    const Mount* visible = is_set && !*is_set ? table->at(action.target) : nullptr;
    if (visible != nullptr && visible->id == action.id) missed.push_back(action.target);
  }
  return changed;
}

// False: the mount is in no tree, or the error is general.
bool OwnMounts::close_os_of(const std::string& target, const Error& error) {
  const OsEntry* owner = nullptr;
  std::size_t longest = 0;
  for (const auto& [top, entry] : tops_) {
    if (!is_below(target, top) || top.size() < longest) continue;
    owner = entry;
    longest = top.size();
  }
  if (owner == nullptr) return false;
  if (!work_.trees.of(*owner).problem.empty()) return true;
  return close_os(work_, *owner, error, work_.changes.size());
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
