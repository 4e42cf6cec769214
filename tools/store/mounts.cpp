// SPDX-License-Identifier: BSD-3-Clause
#include "store/mounts.h"

#include <sys/stat.h>

#include <cerrno>

#include "lib/mount_ops.h"
#include "lib/names.h"
#include "store/build_parts.h"

namespace chos {

bool is_mounted_kind(const Store& store, const TreeRecord& record) {
  return record.kind == TreeRecord::Kind::image ||
         (record.kind == TreeRecord::Kind::external && record.origin != store.tree(record));
}

Result<bool> mount_tree(const Store& store, const TreeRecord& record) {
  if (!is_mounted_kind(store, record)) return false;
  const auto table = MountTable::read();
  if (!table) return table.error();
  const std::string target = store.tree(record);
  if (table->at(target) != nullptr) return false;
  if (record.kind == TreeRecord::Kind::image) {
    if (auto status = mount_image(store.image(record), record.origin, target); !status)
      return status.error();
    return true;
  }
  struct stat info {};
  if (::stat(record.origin.c_str(), &info) != 0)
    return system_error("cannot examine " + record.origin, errno,
                        "is the file system that it is on mounted?");
  if (auto status = bind_tree(record.origin, target); !status) return status.error();
  return true;
}

Result<TreeMounts> mount_trees(const Store& store, const Allowlist& list,
                               const std::string& file) {
  TreeMounts out;
  const auto records = store.records();
  if (!records) return records.error();
  for (const OsEntry* entry : trees_of(list)) {
    const TreeRecord* record = find_record(*records, entry->path);
    if (record == nullptr) continue;
    const auto mounted = mount_tree(store, *record);
    if (!mounted)
      out.missing.push_back({file, entry->line, "the tree of " + in_quotes(entry->name) +
                                                    " is not there: " + mounted.error().what});
    else if (*mounted)
      out.mounted.push_back(store.tree(*record));
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
    if (!is_mounted_kind(store, record) || table->at(target) == nullptr) continue;
    // A bind came with all that is mounted below its origin, so it is always busy; nothing is lost
    // with it, whoever looks at it: the origin stays.
    const bool bind = record.kind == TreeRecord::Kind::external;
    const auto status = bind ? detach(target) : unmount(target);
    if (status) continue;
    if (status.error().code != EBUSY) return status.error();
    in_use.push_back(target);
  }
  return in_use;
}

void know_store(Node& node) {
  const Store store(node.config.trees);
  node.mount_trees = [store, file = node.allowlist_file](const Allowlist& list, Progress& progress,
                                                         Transaction& changes) -> Status {
    const auto mounts = mount_trees(store, list, file);
    if (!mounts) return mounts.error();
    for (const auto& complaint : mounts->missing) progress.warning(complaint.text());
    for (const auto& target : mounts->mounted)
      changes.done("mounting " + target, [target] { return detach(target); });
    if (!mounts->mounted.empty())
      progress.step("images", true, std::to_string(mounts->mounted.size()) + " trees mounted");
    return {};
  };
  node.unmount_trees = [store](Progress& progress) -> Status {
    const auto in_use = unmount_trees(store);
    if (!in_use) return in_use.error();
    for (const auto& target : *in_use)
      progress.warning(target + " is in use and stays mounted; see: fuser -vm " + target);
    return {};
  };
}

}  // namespace chos
