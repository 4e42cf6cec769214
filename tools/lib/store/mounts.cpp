// SPDX-License-Identifier: BSD-3-Clause
#include "store/mounts.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "basic/files.h"
#include "basic/text.h"
#include "fileserver/servers.h"
#include "mount/mountinfo.h"
#include "mount/open.h"
#include "mount/operations.h"
#include "mount/trusted_path.h"
#include "store/image.h"

namespace chos {

bool is_mounted_kind(const Store& store, const TreeRecord& record) {
  return record.kind == TreeRecord::Kind::image ||
         (record.kind == TreeRecord::Kind::external && record.origin != store.tree(record));
}

namespace {

// An Error unless the directory exists and is not empty.
Status look_at(const std::string& directory, const Servers& servers) {
  if (auto status = servers.ask(directory); !status) return status;
  const char* remedy = "is the file system that it is on mounted?";
  const auto empty = is_empty_directory(directory);
  // A directory that this user may not list counts as one with entries.
  if (!empty && empty.error().code == EACCES) return {};
  if (!empty) return Error{empty.error().what, remedy, empty.error().code};
  if (*empty) return Error{directory + " is empty", remedy, ENOENT};
  return {};
}

// A tree that is not mounted yet.
struct Unmounted {
  const OsEntry* entry;
  const TreeRecord* record;
};

// Asks the servers of all their origins at the same time.
std::vector<Unmounted> unmounted(const Store& store, const std::vector<TreeRecord>& records,
                                 const std::vector<const OsEntry*>& entries, const MountTable& table,
                                 const Servers& servers) {
  std::vector<Unmounted> out;
  std::vector<std::string> origins;
  for (const OsEntry* entry : entries) {
    const TreeRecord* record = find_record(records, entry->path);
    if (record == nullptr || !is_mounted_kind(store, *record) || table.at(store.tree(*record)) != nullptr)
      continue;
    out.push_back({entry, record});
    if (record->kind == TreeRecord::Kind::external) origins.push_back(record->origin);
  }
  servers.ask_all(origins);
  return out;
}

// Only root can change the directory of the trees, which has the mount points.
Result<UniqueFd> open_target(const Store& store, const TreeRecord& record) {
  const UniqueFd trees(::open(store.trees().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!trees) return system_error("cannot open " + store.trees(), errno);
  return open_beneath(trees.get(), record.directory());
}

Result<UniqueFd> mount_one(const Store& store, const TreeRecord& record, const Servers& servers) {
  const std::string target = store.tree(record);
  if (record.kind == TreeRecord::Kind::image) {
    if (auto status = mount_image(store.image(record), record.origin, target); !status) return status.error();
    return open_target(store, record);
  }
  if (auto status = look_at(record.origin, servers); !status) return status.error();
  const auto origin = open_trusted_path(record.origin);
  if (!origin) return origin.error();
  const auto place = open_target(store, record);
  if (!place) return place.error();
  auto mount = bind_tree_over(origin->get(), place->get(), record.origin, target);
  if (!mount) return mount;
  // Not the mounts below: those of an OS marked suid have the flags that they have here.  The table is read
  // anew, since an automounter may have mounted the origin just now.
  const auto now = MountTable::read();
  const auto id = mount_id(mount->get());
  const Mount* made = now && id ? now->by_id(*id) : nullptr;
  const unsigned flags = (made != nullptr ? made->flags : 0) | mount_nosuid | mount_nodev;
  if (auto status = set_mount_flags(mount->get(), flags, target); !status) {
    (void)detach(mount->get(), target);
    return status.error();
  }
  return mount;
}

}  // namespace

Result<TreeMounts> mount_trees(const Store& store, const Allowlist& list, const std::string& file) {
  TreeMounts out;
  const auto records = store.records();
  if (!records) return records.error();
  // Read once, since it is long on a node with thousands of mounts.  No two trees have the same target.
  const auto table = MountTable::read();
  if (!table) return table.error();
  const Servers servers(*table);
  for (const auto& [entry, record] : unmounted(store, *records, trees_of(list), *table, servers)) {
    auto mounted = mount_one(store, *record, servers);
    if (!mounted) {
      const Error& error = mounted.error();
      const bool refused = error.code == EPERM;
      if (refused) out.refused[entry->name] = error.what;
      out.missing.push_back({file, entry->line,
                             "the tree of " + in_quotes(entry->name) +
                                 (refused ? " is not mounted: " : " is not there: ") + error.what +
                                 (error.remedy.empty() || !refused ? "" : "; " + error.remedy)});
    } else out.mounted.emplace_back(store.tree(*record), std::move(*mounted));
  }
  return out;
}

UnmountedTrees unmounted_trees(const Store& store, const Allowlist& list) {
  UnmountedTrees out;
  const auto records = store.records();
  const auto table = MountTable::read();
  if (!records || !table) return out;
  const Servers servers(*table);
  auto entries = trees_of(list);
  std::erase_if(entries, [](const OsEntry* entry) { return entry->closed; });
  for (const auto& [entry, record] : unmounted(store, *records, entries, *table, servers)) {
    const bool there = record->kind == TreeRecord::Kind::image
                           ? ::access(store.image(*record).c_str(), F_OK) == 0
                           : look_at(record->origin, servers).ok();
    (there ? out.ready : out.waiting).push_back(entry->name);
  }
  return out;
}

Result<std::vector<std::string>> unmount_trees(const Store& store) {
  std::vector<std::string> in_use;
  const auto records = store.records();
  if (!records) return records.error();
  const auto table = MountTable::read();
  if (!table) return table.error();
  for (const auto& record : *records) {
    const std::string target = store.tree(record);
    const Mount* mount = is_mounted_kind(store, record) ? table->at(target) : nullptr;
    if (mount == nullptr) continue;
    // A bind mount includes the mounts below its origin, so it is always busy.  To detach it loses
    // nothing, since the origin stays.
    const bool bind = record.kind == TreeRecord::Kind::external;
    const auto status = bind ? detach_mount(mount->id, target) : unmount(target);
    if (status) continue;
    if (status.error().code != EBUSY) return status.error();
    in_use.push_back(target);
  }
  return in_use;
}

}  // namespace chos
