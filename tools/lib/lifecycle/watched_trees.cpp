// SPDX-License-Identifier: BSD-3-Clause
#include "lifecycle/watched_trees.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "basic/files.h"
#include "basic/text.h"
#include "farm/layout.h"
#include "farm/missing_trees.h"
#include "farm/trees.h"
#include "fileserver/servers.h"
#include "mount/open.h"

namespace chos {
namespace {

// The kernel reuses the id of a mount after it is unmounted, so another mount may have the same id. Linux 6.8
// and later also have ids that are never reused.
std::string number_of_mount(int fd) {
#ifdef STATX_MNT_ID
  constexpr unsigned unique = 0x4000;  // STATX_MNT_ID_UNIQUE, which older headers lack
  struct statx info {};
  if (::statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, unique, &info) == 0 &&
      (info.stx_mask & unique) != 0)
    return std::to_string(info.stx_mnt_id);
#endif
  const auto number = mount_id(fd);
  return number ? std::to_string(*number) : "";
}

std::string mounted_identity(int fd) {
  const auto file = identity_of(fd);
  const std::string mount = number_of_mount(fd);
  return !file || mount.empty() ? "unknown" : mount + ":" + file->text();
}

}  // namespace

std::string opened_text(const std::string& name) { return in_quotes(name) + " is open: its tree is there"; }

WatchedTrees look_at_trees(const Config& config, const Allowlist& list, const Allowlist& loaded,
                           const MountTable& table) {
  WatchedTrees states;
  const Servers servers(table);
  std::vector<const OsEntry*> looked_at;
  std::vector<std::string> paths;
  for (const OsEntry* entry : trees_of(list)) {
    const auto path = base_path(config, entry->path);
    if (!path) continue;
    const Mount* mount = table.holding(*path);
    const OsEntry* in_kernel = loaded.find_name(entry->name);
    if (mount != nullptr && mount->type == "autofs" && in_kernel != nullptr && !in_kernel->closed) continue;
    looked_at.push_back(entry);
    paths.push_back(*path);
    paths.push_back(config.farm + entry->path);
  }
  servers.ask_all(paths);
  for (const OsEntry* entry : looked_at) {
    WatchedTree state;
    const auto found = find_tree(config, *entry, Where::farm, servers);
    if (!found && found.error().code == ETIMEDOUT) continue;
    state.there = found.ok();
    const auto tree = open_tree_in_farm(config, *entry);
    if (state.there && tree) state.identity = mounted_identity(tree->get());
    states[entry->name] = state;
  }
  return states;
}

std::vector<WatchedChange> what_changed(const Allowlist& wanted, const Allowlist& loaded,
                                        const WatchedTrees& before, const WatchedTrees& now,
                                        const TreeProblems& problems) {
  std::vector<WatchedChange> changes;
  for (const OsEntry* entry : trees_of(wanted)) {
    const OsEntry* in_kernel = loaded.find_name(entry->name);
    const auto at = now.find(entry->name);
    if (entry->closed || in_kernel == nullptr || at == now.end()) continue;
    const std::string name = in_quotes(entry->name);
    const auto old = before.find(entry->name);
    const bool unusable = problems.count(entry->name) != 0;
    if (at->second.there && in_kernel->closed && !unusable)
      changes.push_back({opened_text(entry->name), entry->name});
    else if (!at->second.there && !in_kernel->closed)
      changes.push_back({name + " is closed: its tree is gone", entry->name});
    else if (at->second.there && old != before.end() && old->second.there &&
             old->second.identity != at->second.identity)
      changes.push_back({name + " was prepared again: its tree was replaced", entry->name});
  }
  return changes;
}

}  // namespace chos
