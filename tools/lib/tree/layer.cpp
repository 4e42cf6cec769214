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
#include <filesystem>
#include <memory>

#include "basic/digest.h"
#include "basic/files.h"
#include "basic/text.h"
#include "mount/detached.h"
#include "mount/open.h"
#include "mount/operations.h"

namespace chos {
namespace {

Status make_one(const std::string& top, const Addition& addition) {
  const std::string path = top + "/" + addition.path;
  if (auto status = make_directories(std::filesystem::path(path).parent_path(), 0755); !status) return status;
  bool made = false;
  switch (addition.kind) {
    case Addition::Kind::directory:
      // It may have been made already, above a deeper addition.
      made = (::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST) && ::chmod(path.c_str(), 0755) == 0;
      break;
    case Addition::Kind::file:
      made = ::mknod(path.c_str(), S_IFREG | 0644, 0) == 0 && ::chmod(path.c_str(), 0644) == 0;
      break;
    case Addition::Kind::link: made = ::symlink(addition.target.c_str(), path.c_str()) == 0; break;
  }
  return made ? Status() : system_error("cannot make " + path, errno);
}

// The flags that a layer takes over from the tree's own mount.
unsigned inherited_flags(int fd) {
  struct statvfs info {};
  return ::fstatvfs(fd, &info) == 0 && (info.f_flag & ST_NOEXEC) != 0 ? mount_noexec : 0U;
}

// Whether a directory is open there.  Asks no file server, and a user's FUSE file system cannot refuse it.
bool is_directory(int fd) { return static_cast<bool>(reopen(fd, O_PATH | O_DIRECTORY)); }

// Makes the directory of all additions, which only root may enter: an addition belongs to the owner of the
// tree's directory, who could change it there before it is mounted read-only.  Layers are mounted by
// descriptors, so users need no way through it.
Status make_layer_directory(const std::string& layers) {
  std::error_code failure;
  std::filesystem::create_directories(std::filesystem::path(layers).parent_path(), failure);
  const auto cannot = [&layers](int why) {
    return system_error("cannot make the directory " + layers, why, "is /run mounted and writable?");
  };
  if (failure) return cannot(failure.value());
  if (::mkdir(layers.c_str(), 0700) != 0 && errno != EEXIST) return cannot(errno);
  // It may be one of an older version.
  const UniqueFd fd(::open(layers.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd || ::fchown(fd.get(), ::geteuid(), ::getegid()) != 0 || ::fchmod(fd.get(), 0700) != 0)
    return cannot(errno);
  return {};
}

}  // namespace

Result<std::string> make_additions(const std::string& layers, const Layer& layer) {
  struct stat info {};
  if (::fstat(layer.lower.get(), &info) != 0) return system_error("cannot examine " + layer.place, errno);
  // "private": earlier versions let users change additions of theirs, so those are not used again.
  std::string text = "private " + std::to_string(info.st_mode & 07777) + ":" + std::to_string(info.st_uid) +
                     ":" + std::to_string(info.st_gid);
  // With the lengths, so that a path or target with a newline says nothing else.
  for (const auto& [kind, place, target] : layer.additions)
    text += concat({"\n", std::to_string(static_cast<int>(kind)), " ", std::to_string(place.size()), " ",
                    place, " ", target});
  // What has this name already is taken for this content without a look.
  const std::string name = sha256_of(text);
  if (name.empty()) return Error{"cannot name the additions to " + layer.place + ": no SHA-256", "", ENOTSUP};
  const std::string path = layers + "/" + name;
  struct stat there {};
  if (::lstat(path.c_str(), &there) == 0) return path;

  if (auto status = make_layer_directory(layers); !status) return status.error();
  // Renamed when complete, so that a process that is killed leaves nothing that looks like a layer.
  const std::string fresh = path + ".new";
  std::error_code failure;
  std::filesystem::remove_all(fresh, failure);
  if (failure) return system_error("cannot remove " + fresh, failure.value());
  if (::mkdir(fresh.c_str(), 0700) != 0) return system_error("cannot make the directory " + fresh, errno);
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
  // A process that was killed may have left the stage mounted.
  if (auto status = detach_all(layers + "/stage"); !status) return status;
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
  if (auto status = make_layer_directory(layers); !status) return status.error();
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

// The visible mounts below `target`, the outer before the inner.
std::vector<const Mount*> LayerMounts::below(const std::string& target) const {
  std::vector<const Mount*> found;
  for (const auto& mount : table_.mounts())
    if (mount.target != target && is_below(mount.target, target) && open_mount(mount.id, mount.target))
      found.push_back(&mount);
  std::sort(found.begin(), found.end(), [](const Mount* a, const Mount* b) { return a->target < b->target; });
  return found;
}

// Copies the mounts below `target` to the same places of `mount`, which must be attached.
Status LayerMounts::carry(int mount, const std::string& target) {
  for (const Mount* old : below(target)) {
    const auto from = open_mount(old->id, old->target);
    if (!from) continue;  // unmounted by now
    const auto to = open_beneath(mount, old->target.substr(target.size() + 1));
    if (!to) continue;  // the new layer has no such mount point, so the mount is not wanted any more
    if (is_directory(from->get()) != is_directory(to->get())) continue;
    const auto copy = clone_mount(from->get(), false, old->target);
    if (!copy) return copy.error();
    if (auto status = attach_mount(copy->get(), to->get(), old->target); !status) return status;
  }
  return {};
}

// Attaches a mount at a spot, with copies of the mounts that are below it now.
Status LayerMounts::put(int mount, const Spot& at) {
  const auto attach = [&]() -> Status {
    if (at.replace) return exchange_mount(mount, at.fd, at.place, at.target);
    return attach_mount(mount, at.fd, at.target);
  };
  if (below(at.target).empty()) return attach();
  if (!stage_) {
    auto stage = Stage::open(layers_ + "/stage");
    if (!stage) return stage.error();
    stage_.emplace(std::move(*stage));
  }
  if (auto status = stage_->enter(mount); !status) return status;
  if (auto status = make_private(mount, "the layer for " + at.target); !status) return status;
  if (auto status = carry(mount, at.target); !status) return status;
  copied_.push_back(at.target);
  return attach();
}

// Reads the table again if `target` lies on a layer that was mounted with copies.
Status LayerMounts::refresh_table(const std::string& target) {
  if (std::none_of(copied_.begin(), copied_.end(),
                   [&target](const std::string& copied) { return is_below(target, copied); }))
    return {};
  auto table = MountTable::read();
  if (!table) return table.error();
  table_ = std::move(*table);
  copied_.clear();
  return {};
}

// The layer that is mounted on `target`, which `place` is open on, or null.
const Mount* LayerMounts::layer_on(int place, const std::string& target) const {
  if (const auto is_root = is_mount_root(place, target); !is_root || !*is_root) return nullptr;
  const auto id = mount_id(place);
  const Mount* mount = id ? table_.by_id(*id) : nullptr;
  return mount != nullptr && mount->target == target && is_ours(*mount) ? mount : nullptr;
}

Result<LayerMounts::Outcome> LayerMounts::show(int tree, const Layer& layer, unsigned flags) {
  const auto where = Place::in(tree, layer.place.substr(1));
  if (!where) return where.error();
  const auto place = where->open();
  if (!place) return place.error();
  const std::string target = path_of(place->get());
  flags |= mount_ro | inherited_flags(layer.lower.get());
  const auto additions = make_additions(layers_, layer);
  if (!additions) return additions.error();
  const auto source = overlay_source(*additions, layer.lower.get());
  if (!source) return source.error();
  if (auto status = refresh_table(target); !status) return status.error();

  const Mount* old = layer_on(place->get(), target);
  const bool same =
      old != nullptr && (layer.empty ? same_file(place->get(), *additions) : old->source == *source);
  if (same && (old->flags & flags) == flags) {
    if (!layer.empty)
      if (auto status = refresh_overlay(place->get(), old->flags, target); !status) return status.error();
    return Outcome::already;
  }
  // Whoever may rename directories of the tree must not get the content of one shown at the place of another.
  const auto is_root = is_mount_root(place->get(), target);
  if (!is_root) return is_root.error();
  if (old == nullptr && !*is_root && !same_file(place->get(), layer.lower.get()))
    return Error{target + " was moved meanwhile", "run it again", EAGAIN};
  auto fresh = make_mount(layer, *additions, *source, flags);
  if (!fresh && fresh.error().code == ENODEV) return Outcome::no_overlayfs;
  if (!fresh) return fresh.error();
  auto status = mount_over(std::move(*fresh), {place->get(), *where, target, old != nullptr}, flags);
  if (!status) return status.error();
  return Outcome::mounted;
}

// Mounts a new layer.
Status LayerMounts::mount_over(UniqueFd fresh, const Spot& at, unsigned flags) {
  const int mount = fresh.get();
  UniqueFd before;
  if (at.replace) {
    auto copy = clone_mount(at.fd, true, at.target);
    if (!copy) return copy.error();
    before = std::move(*copy);
  }
  if (auto status = put(mount, at); !status) return status;
  Transaction made;
  if (at.replace)
    made.done("replacing the layer on " + at.target,
              [now = std::make_shared<UniqueFd>(std::move(fresh)),
               before = std::make_shared<UniqueFd>(std::move(before)), place = at.place,
               name = at.target] { return exchange_mount(before->get(), now->get(), place, name); });
  else record_mount(std::move(fresh), "mounting a layer on " + at.target, at.target, made);
  // A bind has the propagation and flags of its source, but a layer must neither propagate nor be writable.
  auto status = make_private(mount, at.target);
  if (status) status = set_mount_flags(mount, flags, at.target);
  if (status) changes_->append(std::move(made));
  else made.rollback();
  return status;
}

Result<std::size_t> LayerMounts::remove_others(int tree, const LayerPlan& plan) {
  const std::string top = path_of(tree);
  std::size_t removed = 0;
  for (const auto& mount : table_.mounts()) {
    if (!is_below(mount.target, top) || mount.target == top || !is_ours(mount)) continue;
    const std::string_view place = std::string_view(mount.target).substr(top.size());
    if (std::any_of(plan.layers.begin(), plan.layers.end(),
                    [place](const Layer& layer) { return layer.place == place; }))
      continue;
    const auto fd = open_mount(mount.id, mount.target);
    if (!fd) continue;  // hidden, or unmounted by now
    const auto where = Place::in(tree, std::string(place.substr(1)));
    if (!where) return where.error();
    auto status = detach_recorded(fd->get(), *where, true, "removing the layer on " + mount.target,
                                  mount.target, *changes_);
    if (!status) return status.error();
    ++removed;
  }
  return removed;
}

}  // namespace chos
