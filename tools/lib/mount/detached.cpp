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

// An Error unless `mount` is what is found at `place`.
Status check_place(int mount, const Place& place, const std::string& name) {
  const auto there = place.open();
  if (!there) return there.error();
  const auto one = mount_id(mount), two = mount_id(there->get());
  if (!one) return one.error();
  if (!two) return two.error();
  if (*one != *two) return Error{name + " was moved meanwhile", "run it again", EAGAIN};
  return {};
}

}  // namespace

Result<UniqueFd> clone_mount(int fd, bool with_below, const std::string& name) {
  UniqueFd mount(static_cast<int>(::syscall(SYS_open_tree, fd, "",
                                            OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH |
                                                static_cast<unsigned>(with_below ? AT_RECURSIVE : 0))));
  if (!mount) return mount_error("cannot copy the mount " + name, errno);
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
  if (!move_mount_to(mount, target)) return mount_error("cannot mount on " + name, errno);
  return {};
}

Status exchange_mount(int mount, int old, const Place& place, const std::string& name) {
  // Kernels before 6.5 do not know the flag (EINVAL).
  if (move_mount_to(mount, old, MOVE_MOUNT_BENEATH)) return detach(old, name);
  if (auto status = check_place(old, place, name); !status) return status;
  const auto copy = clone_mount(old, true, name);
  if (!copy) return copy.error();
  if (auto status = detach(old, name); !status) return status;
  const auto there = place.open();
  if (!there) return there.error();
  auto status = attach_mount(mount, there->get(), name);
  if (!status) (void)attach_mount(copy->get(), there->get(), name);
  return status;
}

Status detach_recorded(int fd, const Place& place, bool with_below, const std::string& what,
                       const std::string& name, Transaction& changes) {
  auto copy = clone_mount(fd, with_below, name);
  if (!copy) return copy.error();
  if (auto status = detach(fd, name); !status) return status;
  changes.done(what, [before = std::make_shared<UniqueFd>(std::move(*copy)), place, name]() -> Status {
    const auto again = place.open();
    if (!again) return again.error();
    return attach_mount(before->get(), again->get(), name);
  });
  return {};
}

Result<Stage> Stage::open(const std::string& directory) {
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST)
    return system_error("cannot make the directory " + directory, errno);
  // A process that was killed may have left a stage.
  if (auto status = detach_all(directory); !status) return status.error();
  const UniqueFd below(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!below) return system_error("cannot open " + directory, errno);
  auto mount = clone_mount(below.get(), false, directory);
  if (!mount) return mount.error();
  if (auto status = attach_mount(mount->get(), below.get(), directory); !status) return status.error();
  Stage stage(directory, std::move(*mount));
  // The kernel refuses to move a mount away from a shared one.
  if (auto status = make_private(stage.fd_.get(), directory); !status) return status.error();
  return stage;
}

Stage::Stage(Stage&& other) noexcept
    : directory_(std::exchange(other.directory_, {})), fd_(std::move(other.fd_)) {}

Stage::~Stage() {
  if (fd_) (void)detach(fd_.get(), directory_);
}

}  // namespace chos
