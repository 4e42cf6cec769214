// SPDX-License-Identifier: BSD-3-Clause
#include "farm/bind_trees.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "allowlist/farm_names.h"
#include "basic/files.h"
#include "fileserver/servers.h"
#include "mount/mountinfo.h"
#include "mount/operations.h"

namespace chos {
namespace {

constexpr unsigned no_rights = mount_nosuid | mount_nodev;

// A mount of the very directory that it is on.
bool is_on_itself(const MountTable& table, const Mount& mount) {
  const Mount* above = table.by_id(mount.parent);
  if (above == nullptr || !is_below(mount.target, above->target)) return false;
  const std::string inside = mount.target.substr(above->target == "/" ? 0 : above->target.size());
  const std::string root = (above->root == "/" ? "" : above->root) + inside;
  return mount.device == above->device && mount.root == (root.empty() ? "/" : root);
}

bool has_mounts_in(const MountTable& table, const std::string& directory) {
  const auto mounts = table.below(directory);
  return std::any_of(mounts.begin(), mounts.end(),
                     [&directory](const Mount* mount) { return mount->target != directory; });
}

}  // namespace

Status bind_trees(const FarmWork& work) {
  const std::string& trees = work.node.config.trees;
  const auto table = MountTable::read();
  if (!table) return table.error();
  const bool is_shown = table->at(work.node.farm_path(farm_trees)) != nullptr;
  if (is_shown || has_mounts_in(*table, trees) || Servers(*table).serve(trees)) return {};
  const Mount* holding = table->holding(trees);
  if (holding == nullptr || (holding->flags & no_rights) == no_rights) return {};
  const UniqueFd directory(::open(trees.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory) return system_error("cannot open " + trees, errno);
  auto mount = bind_on_itself(directory.get(), no_rights, trees);
  if (!mount && mount.error().code == ENOSYS) return {};
  if (!mount) return mount.error();
  record_mount(std::move(*mount), "binding " + trees, trees, work.changes);
  work.progress.step("trees", true, trees + " is nosuid and nodev");
  return {};
}

Result<bool> unbind_trees(const std::string& trees) {
  const auto table = MountTable::read();
  if (!table) return table.error();
  const Mount* mount = table->at(trees);
  if (mount == nullptr || (mount->flags & no_rights) != no_rights || !is_on_itself(*table, *mount))
    return false;
  // Images in use stay mounted in it, and would go with it.
  if (has_mounts_in(*table, trees)) return false;
  if (auto status = detach_mount(mount->id, trees); !status) return status.error();
  return true;
}

}  // namespace chos
