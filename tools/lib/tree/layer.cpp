// SPDX-License-Identifier: BSD-3-Clause
#include "tree/layer.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "basic/files.h"
#include "mount/detached.h"
#include "mount/operations.h"

namespace chos {
namespace {

Status make_one(const std::string& top, const Addition& addition) {
  const std::string path = top + "/" + addition.path;
  if (auto status = make_directories(std::filesystem::path(path).parent_path(), 0755); !status) return status;
  bool made = false;
  switch (addition.kind) {
    case Addition::Kind::directory:
      // One above a deeper addition may be there already.
      made = (::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST) && ::chmod(path.c_str(), 0755) == 0;
      break;
    case Addition::Kind::file:
      made = ::mknod(path.c_str(), S_IFREG | 0644, 0) == 0 && ::chmod(path.c_str(), 0644) == 0;
      break;
    case Addition::Kind::link: made = ::symlink(addition.target.c_str(), path.c_str()) == 0; break;
  }
  return made ? Status() : system_error("cannot make " + path, errno);
}

// The mount flags that the tree's own mount has.
unsigned inherited_flags(int fd) {
  struct statvfs info {};
  return ::fstatvfs(fd, &info) == 0 && (info.f_flag & ST_NOEXEC) != 0 ? mount_noexec : 0U;
}

bool is_mount_root(int fd) {
  struct statx info {};
  return ::statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &info) == 0 &&
         (info.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

}  // namespace

// FNV-1a: a name, no more.
std::string name_of_content(const std::string& text) {
  std::uint64_t hash = 14695981039346656037U;
  for (const unsigned char byte : text) hash = (hash ^ byte) * 1099511628211U;
  char out[17];
  std::snprintf(out, sizeof out, "%016llx", static_cast<unsigned long long>(hash));
  return out;
}

Result<std::string> make_additions(const std::string& layers, const Layer& layer) {
  struct stat info {};
  if (::fstat(layer.lower.get(), &info) != 0) return system_error("cannot examine " + layer.place, errno);
  std::string text = std::to_string(info.st_mode & 07777) + ":" + std::to_string(info.st_uid) + ":" +
                     std::to_string(info.st_gid);
  for (const auto& addition : layer.additions)
    text += "\n" + std::to_string(static_cast<int>(addition.kind)) + addition.path + "\n" + addition.target;
  const std::string path = layers + "/" + name_of_content(text);
  struct stat there {};
  if (::lstat(path.c_str(), &there) == 0) return path;

  // Complete, then renamed: one that was killed leaves nothing that is taken for a layer.
  const std::string fresh = path + ".new";
  std::error_code failure;
  std::filesystem::remove_all(fresh, failure);
  if (!failure) std::filesystem::create_directories(fresh, failure);
  if (failure)
    return system_error("cannot make the directory " + fresh, failure.value(),
                        "is /run mounted and writable?");
  for (const auto& addition : layer.additions)
    if (auto status = make_one(fresh, addition); !status) return status.error();
  if (::chown(fresh.c_str(), info.st_uid, info.st_gid) != 0 ||
      ::chmod(fresh.c_str(), info.st_mode & 07777) != 0 || ::rename(fresh.c_str(), path.c_str()) != 0)
    return system_error("cannot make " + path, errno);
  return path;
}

Result<std::string> overlay_source(const std::string& additions, int lower) {
  struct stat info {};
  if (::fstat(lower, &info) != 0) return system_error("cannot examine a directory", errno);
  return additions + "@" + std::to_string(major(info.st_dev)) + ":" + std::to_string(minor(info.st_dev)) +
         ":" + std::to_string(info.st_ino);
}

Status remove_additions(const std::string& layers) {
  // A stage that was left.
  while (::umount2((layers + "/stage").c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0) {}
  std::error_code failure;
  std::filesystem::remove_all(layers, failure);
  if (failure) return system_error("cannot remove " + layers, failure.value());
  return {};
}

LayerMounts::LayerMounts(std::string layers, Transaction& changes, MountTable table)
    : layers_(std::move(layers)), changes_(&changes), table_(std::move(table)) {
  if (const auto held = table_.source_of(layers_)) {
    device_ = held->device;
    root_ = held->root;
  }
}

Result<LayerMounts> LayerMounts::read(std::string layers, Transaction& changes) {
  std::error_code failure;
  std::filesystem::create_directories(layers, failure);
  if (failure)
    return system_error("cannot make the directory " + layers, failure.value(),
                        "is /run mounted and writable?");
  auto table = MountTable::read();
  if (!table) return table.error();
  return LayerMounts(std::move(layers), changes, std::move(*table));
}

bool LayerMounts::is_ours(const Mount& mount) const {
  if (mount.type == "overlay") return mount.source.starts_with(layers_ + "/");
  return mount.device == device_ && mount.root != root_ && is_below(mount.root, root_);
}

Result<UniqueFd> LayerMounts::make_mount(const Layer& layer, const std::string& additions,
                                         const std::string& source, unsigned flags) const {
  const UniqueFd upper(::open(additions.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!upper) return system_error("cannot open " + additions, errno);
  if (layer.empty) return clone_mount(upper.get(), false, additions);
  return make_overlay(source, upper.get(), layer.lower.get(), flags);
}

// What is mounted below `target` and can be seen there, the outer before the inner.
std::vector<const Mount*> LayerMounts::below(const std::string& target) const {
  std::vector<const Mount*> found;
  for (const auto& mount : table_.mounts())
    if (mount.target != target && is_below(mount.target, target) && open_mount(mount.id, mount.target))
      found.push_back(&mount);
  std::sort(found.begin(), found.end(), [](const Mount* a, const Mount* b) { return a->target < b->target; });
  return found;
}

// Copies what is mounted below `target` to the same places of `mount`, which must be attached.
Status LayerMounts::carry(int mount, const std::string& target) {
  for (const Mount* old : below(target)) {
    const auto from = open_mount(old->id, old->target);
    if (!from) continue;  // gone since
    const auto to = open_in_tree(mount, old->target.substr(target.size()), Last::keep);
    // The layer does not have the place any more: it is not wanted.
    if (!to) continue;
    const auto one = known_file(from->get(), old->target), two = known_file(to->get(), old->target);
    if (!one || !two || S_ISDIR(one->mode) != S_ISDIR(two->mode)) continue;
    const auto copy = clone_mount(from->get(), false, old->target);
    if (!copy) return copy.error();
    if (auto status = attach_mount(copy->get(), to->get(), old->target); !status) return status;
  }
  return {};
}

// Attaches a mount to `target`, complete with what is mounted below it now.
Status LayerMounts::put(int mount, const std::string& target, bool replace) {
  const auto attach = [&]() -> Status {
    if (replace) return exchange_mount(mount, target);
    const UniqueFd place(::open(target.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!place) return system_error("cannot open " + target, errno);
    return attach_mount(mount, place.get(), target);
  };
  if (below(target).empty()) return attach();
  if (!stage_) {
    auto stage = Stage::open(layers_ + "/stage");
    if (!stage) return stage.error();
    stage_.emplace(std::move(*stage));
  }
  if (auto status = stage_->enter(mount); !status) return status;
  if (::mount(nullptr, by_fd(mount).c_str(), nullptr, MS_PRIVATE, nullptr) != 0)
    return system_error("cannot make the layer for " + target + " private", errno);
  if (auto status = carry(mount, target); !status) return status;
  copied_.push_back(target);
  return attach();
}

Result<LayerMounts::Outcome> LayerMounts::show(int tree, const Layer& layer, unsigned flags) {
  const auto place = open_in_tree(tree, layer.place, Last::directory);
  if (!place) return place.error();
  const std::string target = path_of(place->get());
  flags |= mount_ro | inherited_flags(layer.lower.get());
  const auto additions = make_additions(layers_, layer);
  if (!additions) return additions.error();
  const auto source = overlay_source(*additions, layer.lower.get());
  if (!source) return source.error();
  if (std::any_of(copied_.begin(), copied_.end(),
                  [&target](const std::string& copied) { return is_below(target, copied); })) {
    auto table = MountTable::read();
    if (!table) return table.error();
    table_ = std::move(*table);
    copied_.clear();
  }

  const Mount* old = nullptr;
  if (is_mount_root(place->get())) {
    const auto id = mount_id(place->get());
    old = id ? table_.by_id(*id) : nullptr;
    if (old != nullptr && (old->target != target || !is_ours(*old))) old = nullptr;
  }
  const bool same =
      old != nullptr && (layer.empty ? same_file(place->get(), *additions) : old->source == *source);
  if (same && (old->flags & flags) == flags) {
    if (!layer.empty)
      if (auto status = refresh_overlay(place->get(), old->flags, target); !status) return status.error();
    return Outcome::already;
  }

  const auto fresh = make_mount(layer, *additions, *source, flags);
  if (!fresh && fresh.error().code == ENODEV) return Outcome::no_overlayfs;
  if (!fresh) return fresh.error();
  std::shared_ptr<UniqueFd> before;
  if (old != nullptr) {
    auto copy = clone_mount(place->get(), true, target);
    if (!copy) return copy.error();
    before = std::make_shared<UniqueFd>(std::move(*copy));
  }
  if (before)
    changes_->done("replacing the layer on " + target,
                   [target, before] { return exchange_mount(before->get(), target); });
  if (auto status = put(fresh->get(), target, old != nullptr); !status) return status.error();
  if (!before) changes_->done("mounting a layer on " + target, [target] { return detach(target); });
  // A bind has what its source has: it must not propagate, nor be writable.
  if (::mount(nullptr, by_fd(fresh->get()).c_str(), nullptr, MS_PRIVATE, nullptr) != 0)
    return system_error("cannot make " + target + " private", errno);
  if (auto status = set_mount_flags(fresh->get(), flags, target); !status) return status.error();
  return Outcome::mounted;
}

Result<std::size_t> LayerMounts::remove_others(int tree, const LayerPlan& plan) {
  const std::string top = path_of(tree);
  std::size_t removed = 0;
  for (const auto& mount : table_.mounts()) {
    if (!is_below(mount.target, top) || !is_ours(mount)) continue;
    const std::string_view place = std::string_view(mount.target).substr(top.size());
    if (std::any_of(plan.layers.begin(), plan.layers.end(),
                    [place](const Layer& layer) { return layer.place == place; }))
      continue;
    const auto fd = open_mount(mount.id, mount.target);
    if (!fd) continue;  // hidden, or gone
    if (auto status = detach_undoably(fd->get(), mount.target, true, "removing the layer on " + mount.target,
                                      *changes_);
        !status)
      return status.error();
    ++removed;
  }
  return removed;
}

}  // namespace chos
