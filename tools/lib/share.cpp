// SPDX-License-Identifier: BSD-3-Clause
#include "lib/share.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

#include "lib/files.h"
#include "lib/mount_ops.h"

namespace chos {
namespace {

struct Opened {
  UniqueFd fd;
  struct stat info {};
};

Result<Opened> examine(Result<UniqueFd> fd, const std::string& path) {
  if (!fd) return fd.error();
  Opened opened{std::move(*fd), {}};
  if (::fstat(opened.fd.get(), &opened.info) != 0)
    return system_error("cannot examine " + path, errno);
  return opened;
}

Result<Opened> open_target(int tree, const std::string& path) {
  return examine(open_in_tree(tree, path, Last::keep), path);
}

Result<Opened> open_base(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!fd) return system_error("cannot open " + path, errno);
  return examine(std::move(fd), path);
}

bool is_absent(const Error& error) { return error.code == ENOENT || error.code == ENOTDIR; }

bool same_file(const Opened& a, const Opened& b) {
  return a.info.st_dev == b.info.st_dev && a.info.st_ino == b.info.st_ino;
}

ShareOutcome skipped(const std::string& reason, bool unusual) {
  return {ShareOutcome::What::skipped, {}, reason, unusual};
}

// The flags that a bind has from the mount it was made of.
unsigned inherited_flags(int fd) {
  struct statvfs info {};
  if (::fstatvfs(fd, &info) != 0) return 0;
  return ((info.f_flag & ST_RDONLY) != 0 ? mount_ro : 0U) |
         ((info.f_flag & ST_NOEXEC) != 0 ? mount_noexec : 0U);
}

Status take_over(int fd, unsigned flags, const std::string& target) {
  const std::string by_fd = "/proc/self/fd/" + std::to_string(fd);
  if (::mount(nullptr, by_fd.c_str(), nullptr, MS_PRIVATE, nullptr) != 0)
    return system_error("cannot make " + target + " private", errno);
  return set_mount_flags(fd, flags, target);
}

// Not by comparing paths: that of a replaced file says "(deleted)".
bool is_mount_root(const Opened& opened) {
  struct statx info {};
  return ::statx(opened.fd.get(), "", AT_EMPTY_PATH, STATX_TYPE, &info) == 0 &&
         (info.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

// The mount that `opened` is the root of, or null.
const Mount* mount_of_root(const MountTable& table, const Opened& opened) {
  if (!is_mount_root(opened)) return nullptr;
  const auto id = mount_id(opened.fd.get());
  return id ? table.by_id(*id) : nullptr;
}

Result<ShareOutcome> bind(int tree, const std::string& path, const Opened& base,
                          const Opened& target, unsigned flags) {
  const std::string name = path_of(target.fd.get());
  if (auto status = bind_over(base.fd.get(), target.fd.get(), name); !status)
    return status.error();
  // What was opened before lies below the new mount.
  const auto fresh = open_target(tree, path);
  Status status = fresh ? take_over(fresh->fd.get(),
                                    flags | inherited_flags(fresh->fd.get()), name)
                        : Status(fresh.error());
  if (!status) {
    ::umount2(name.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
    return status.error();
  }
  return ShareOutcome{ShareOutcome::What::bound, name, {}, false};
}

}  // namespace

std::string path_of(int fd) {
  char name[PATH_MAX];
  const ssize_t size =
      ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), name, sizeof name);
  return size > 0 ? std::string(name, static_cast<std::size_t>(size)) : std::string();
}

Result<ShareOutcome> share_path(const MountTable& table, int tree, const std::string& path,
                                unsigned flags) {
  const auto base = open_base(path);
  if (!base) {
    if (is_absent(base.error())) return skipped("the base OS has no " + path, false);
    return base.error();
  }
  auto target = open_target(tree, path);
  if (!target) {
    if (is_absent(target.error())) return skipped("the tree has no " + path, false);
    if (target.error().code == ELOOP || target.error().code == EXDEV)
      return skipped(path + " cannot be resolved inside the tree", true);
    return target.error();
  }
  const mode_t kind = base->info.st_mode & S_IFMT;
  // A tree's package manager must not change the base's file.
  if (kind == S_IFREG) flags |= mount_ro;
  if (kind != S_IFREG && kind != S_IFDIR)
    return skipped(path + " of the base OS is " + std::string(file_kind(kind)), true);
  if (S_ISLNK(target->info.st_mode))
    return skipped(path + " in the tree is a symbolic link, which is left as it is", false);
  if ((target->info.st_mode & S_IFMT) != kind)
    return skipped(path + " in the tree is " +
                       std::string(file_kind(target->info.st_mode)) + ", in the base OS " +
                       std::string(file_kind(kind)), true);

  if (const Mount* mount = mount_of_root(table, *target)) {
    if (same_file(*base, *target)) {
      const unsigned wanted = mount->flags | flags;
      if (wanted == mount->flags)
        return ShareOutcome{ShareOutcome::What::already, mount->target, {}, false};
      if (auto status = take_over(target->fd.get(), wanted, mount->target); !status)
        return status.error();
      return ShareOutcome{ShareOutcome::What::bound, mount->target, {}, false};
    }
    // The base's file was replaced since; the bind still shows the old one.
    if (auto status = detach(mount->target); !status) return status.error();
    target = open_target(tree, path);
    if (!target) return target.error();
  }
  if (same_file(*base, *target))
    return skipped(path + " in the tree is the base's own file", true);
  return bind(tree, path, *base, *target, flags);
}

bool is_stale_share(int tree, const std::string& path) {
  const auto base = open_base(path);
  const auto target = open_target(tree, path);
  return base && target && is_mount_root(*target) && !same_file(*base, *target);
}

}  // namespace chos
