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

namespace chos {
namespace {

bool set(int context, const char* key, const std::string& value) {
  return ::syscall(SYS_fsconfig, context, fsconfig_set_string, key, value.c_str(), 0) == 0;
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
  const UniqueFd context(static_cast<int>(::syscall(SYS_fsopen, "overlay", FSOPEN_CLOEXEC)));
  if (!context) return system_error("cannot use overlayfs", errno);
  // By descriptors: a ':' or ',' in a path would be taken for a separator.
  const bool made = set(context.get(), "source", source) &&
                    set(context.get(), "lowerdir", by_fd(upper) + ":" + by_fd(lower)) &&
                    ::syscall(SYS_fsconfig, context.get(), fsconfig_create, nullptr, nullptr, 0) == 0;
  if (!made) return system_error("cannot make an overlay", errno, "the kernel's log may say why");
  UniqueFd mount(static_cast<int>(
      ::syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, attribute_bits(flags | mount_ro))));
  if (!mount) return system_error("cannot mount an overlay", errno);
  return mount;
}

// Without MS_BIND this remounts the file system, and the kernel then drops all unused names that it has
// cached of it.
Status refresh_overlay(int fd, unsigned flags, const std::string& name) {
  if (::mount(nullptr, by_fd(fd).c_str(), nullptr, MS_REMOUNT | mount_bits(flags | mount_ro), nullptr) != 0)
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
  // Kernels before 6.5 do not know the flag (EINVAL).
  const bool beneath = move(mount, place.get(), MOVE_MOUNT_BENEATH) == 0;
  place.reset();
  if (auto status = detach(target); !status || beneath) return status;
  place = open();
  if (!place) return system_error("cannot open " + target, errno);
  return attach_mount(mount, place.get(), target);
}

Status detach_recorded(int fd, const std::string& target, bool with_below, const std::string& what,
                       Transaction& changes) {
  auto copy = clone_mount(fd, with_below, target);
  if (!copy) return copy.error();
  if (auto status = detach(target); !status) return status;
  changes.done(what, [before = std::make_shared<UniqueFd>(std::move(*copy)), target]() -> Status {
    const UniqueFd again(::open(target.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!again) return system_error("cannot open " + target, errno);
    return attach_mount(before->get(), again.get(), target);
  });
  return {};
}

Result<Stage> Stage::open(const std::string& directory) {
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST)
    return system_error("cannot make the directory " + directory, errno);
  // A process that was killed may have left a stage.
  while (::umount2(directory.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0) {}
  if (::mount(directory.c_str(), directory.c_str(), nullptr, MS_BIND, nullptr) != 0)
    return system_error("cannot bind " + directory, errno);
  Stage stage(directory, UniqueFd(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)));
  if (!stage.fd_) return system_error("cannot open " + directory, errno);
  // The kernel refuses to move a mount away from a shared one.
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
