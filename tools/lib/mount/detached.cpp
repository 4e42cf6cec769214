// SPDX-License-Identifier: BSD-3-Clause
#include "mount/detached.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "mount/compat.h"
#include "mount/operations.h"

#ifndef MOVE_MOUNT_BENEATH
#define MOVE_MOUNT_BENEATH 0x200  // 6.5
#endif

namespace chos {
namespace {

// The kernel's numbers, by names of our own: some headers have them as macros, some as enumerators.
constexpr unsigned close_on_exec = 1;           // FSOPEN_CLOEXEC, FSMOUNT_CLOEXEC
constexpr unsigned set_string = 1, create = 6;  // FSCONFIG_
constexpr unsigned attr_ro = 1, attr_nosuid = 2, attr_nodev = 4, attr_noexec = 8;  // MOUNT_ATTR_

bool set(int context, const char* key, const std::string& value) {
  return ::syscall(SYS_fsconfig, context, set_string, key, value.c_str(), 0) == 0;
}

long move(int mount, int target, unsigned flags) {
  return ::syscall(SYS_move_mount, mount, "", target, "",
                   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH | flags);
}

}  // namespace

Result<UniqueFd> clone_mount(int fd, bool with_below, const std::string& name) {
  UniqueFd mount(static_cast<int>(::syscall(SYS_open_tree, fd, "",
                                            OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH |
                                                static_cast<unsigned>(with_below ? AT_RECURSIVE : 0))));
  if (!mount) return system_error("cannot copy the mount " + name, errno);
  return mount;
}

Result<UniqueFd> make_overlay(const std::string& source, int upper, int lower, unsigned flags) {
  const UniqueFd context(static_cast<int>(::syscall(SYS_fsopen, "overlay", close_on_exec)));
  if (!context) return system_error("cannot use overlayfs", errno);
  // By descriptors: a ':' or a ',' in a path would end it.
  const bool made = set(context.get(), "source", source) &&
                    set(context.get(), "lowerdir", by_fd(upper) + ":" + by_fd(lower)) &&
                    ::syscall(SYS_fsconfig, context.get(), create, nullptr, nullptr, 0) == 0;
  if (!made) return system_error("cannot make an overlay", errno, "the kernel's log may say why");
  const unsigned attributes = attr_ro | ((flags & mount_nosuid) != 0 ? attr_nosuid : 0) |
                              ((flags & mount_nodev) != 0 ? attr_nodev : 0) |
                              ((flags & mount_noexec) != 0 ? attr_noexec : 0);
  UniqueFd mount(static_cast<int>(::syscall(SYS_fsmount, context.get(), close_on_exec, attributes)));
  if (!mount) return system_error("cannot mount an overlay", errno);
  return mount;
}

// A remount of the file system, not of the mount: the kernel drops all names it remembers of it
// that nobody uses.
Status refresh_overlay(int fd, unsigned flags, const std::string& name) {
  const unsigned long all = MS_REMOUNT | MS_RDONLY | ((flags & mount_nosuid) != 0 ? MS_NOSUID : 0) |
                            ((flags & mount_nodev) != 0 ? MS_NODEV : 0) |
                            ((flags & mount_noexec) != 0 ? MS_NOEXEC : 0);
  if (::mount(nullptr, by_fd(fd).c_str(), nullptr, all, nullptr) != 0)
    return system_error("cannot refresh the overlay on " + name, errno);
  return {};
}

Status attach_mount(int mount, int target, const std::string& name) {
  if (move(mount, target, 0) != 0) return system_error("cannot mount on " + name, errno);
  return {};
}

Status exchange_mount(int mount, const std::string& target) {
  const auto open = [&target] { return UniqueFd(::open(target.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)); };
  UniqueFd place = open();
  if (!place) return system_error("cannot open " + target, errno);
  // An older kernel has no such flag (EINVAL).
  const bool beneath = move(mount, place.get(), MOVE_MOUNT_BENEATH) == 0;
  place.reset();
  if (auto status = detach(target); !status || beneath) return status;
  place = open();
  if (!place) return system_error("cannot open " + target, errno);
  return attach_mount(mount, place.get(), target);
}

Status detach_undoably(int fd, const std::string& target, bool with_below, const std::string& what,
                       Transaction& changes) {
  auto copy = clone_mount(fd, with_below, target);
  if (!copy) return copy.error();
  const auto before = std::make_shared<UniqueFd>(std::move(*copy));
  if (auto status = detach(target); !status) return status;
  changes.done(what, [before, target]() -> Status {
    const UniqueFd again(::open(target.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!again) return system_error("cannot open " + target, errno);
    return attach_mount(before->get(), again.get(), target);
  });
  return {};
}

Result<Stage> Stage::open(const std::string& directory) {
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST)
    return system_error("cannot make the directory " + directory, errno);
  // One that was killed has left its own.
  while (::umount2(directory.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0) {}
  if (::mount(directory.c_str(), directory.c_str(), nullptr, MS_BIND, nullptr) != 0)
    return system_error("cannot bind " + directory, errno);
  Stage stage(directory, UniqueFd(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)));
  if (!stage.fd_) return system_error("cannot open " + directory, errno);
  // Nothing can be moved away from a mount that propagates.
  if (::mount(nullptr, directory.c_str(), nullptr, MS_PRIVATE, nullptr) != 0)
    return system_error("cannot make " + directory + " private", errno);
  return stage;
}

Stage::Stage(Stage&& other) noexcept
    : directory_(std::exchange(other.directory_, {})), fd_(std::move(other.fd_)) {}

Stage::~Stage() {
  fd_.reset();
  if (!directory_.empty()) ::umount2(directory_.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
}

}  // namespace chos
