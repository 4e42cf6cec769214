// SPDX-License-Identifier: BSD-3-Clause
#include "mount/operations.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "basic/text.h"
#include "mount/compat.h"
#include "mount/open.h"

namespace chos {
namespace {

// An unattached copy, without the mounts below it, of the mount that `fd` is open on; empty with errno.
UniqueFd copy_of_one_mount(int fd) {
  return UniqueFd(static_cast<int>(
      ::syscall(SYS_open_tree, fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH)));
}

// Sets the propagation of an unattached copy and of all mounts below it, and adds flags.  Needs Linux 5.12.
bool change_detached(int copy, unsigned long propagation, unsigned flags) {
  const struct {
    std::uint64_t set, clear, propagation, user_space;
  } wanted{attribute_bits(flags), 0, propagation, 0};
  return ::syscall(SYS_mount_setattr, copy, "", AT_EMPTY_PATH | AT_RECURSIVE, &wanted, sizeof wanted) == 0;
}

}  // namespace

Result<UniqueFd> mount_pseudo(const std::string& type, const std::string& target) {
  const UniqueFd place(::open(target.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!place) return system_error("cannot open " + target, errno);
  const UniqueFd context(static_cast<int>(::syscall(SYS_fsopen, type.c_str(), FSOPEN_CLOEXEC)));
  if (!context ||
      ::syscall(SYS_fsconfig, context.get(), fsconfig_set_string, "source", type.c_str(), 0) != 0 ||
      ::syscall(SYS_fsconfig, context.get(), fsconfig_create, nullptr, nullptr, 0) != 0)
    return system_error("cannot mount " + type + " on " + target, errno);
  UniqueFd mount(static_cast<int>(::syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC,
                                            attribute_bits(mount_nosuid | mount_nodev | mount_noexec))));
  if (!mount || !move_mount_to(mount.get(), place.get()))
    return system_error("cannot mount " + type + " on " + target, errno);
  return mount;
}

Result<UniqueFd> bind_tree(const std::string& source, const std::string& target) {
  const UniqueFd from(::open(source.c_str(), O_PATH | O_CLOEXEC));
  if (!from) return system_error("cannot open " + source, errno);
  const UniqueFd to(::open(target.c_str(), O_PATH | O_CLOEXEC));
  if (!to) return system_error("cannot open " + target, errno);
  return bind_tree_over(from.get(), to.get(), source, target);
}

Result<UniqueFd> bind_tree_over(int source, int target, const std::string& source_name,
                                const std::string& target_name, unsigned flags) {
  // mount(2) would trigger an automount and wait for its server.  Mounts that the automounter makes later
  // propagate to the copy.
  UniqueFd copy(static_cast<int>(
      ::syscall(SYS_open_tree, source, "",
                OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE | AT_NO_AUTOMOUNT)));
  // Before it is attached: unmounting a copy that is still in the source's peer group unmounts the source
  // too.
  const bool slave = copy && change_detached(copy.get(), MS_SLAVE, flags);
  if (!copy || !move_mount_to(copy.get(), target))
    return mount_error("cannot bind " + source_name + " on " + target_name, errno);
  if (slave) return copy;
  if (auto status = make_slave(copy.get(), target_name); !status) {
    (void)detach(copy.get(), target_name);
    return status.error();
  }
  return copy;
}

Result<UniqueFd> bind_on_itself(int directory, unsigned flags, const std::string& name) {
  UniqueFd copy = copy_of_one_mount(directory);
  if (!copy) return system_error("cannot copy the mount of " + name, errno);
  if (!change_detached(copy.get(), MS_PRIVATE, flags))
    return system_error("cannot set the flags of a mount of " + name, errno);
  if (!move_mount_to(copy.get(), directory))
    return system_error("cannot bind " + name + " on itself", errno);
  return copy;
}

Result<UniqueFd> bind_unbindable(const std::string& source, const std::string& target) {
  const UniqueFd from(::open(source.c_str(), O_PATH | O_CLOEXEC));
  if (!from) return system_error("cannot open " + source, errno);
  const UniqueFd to(::open(target.c_str(), O_PATH | O_CLOEXEC));
  if (!to) return system_error("cannot open " + target, errno);
  UniqueFd mount = copy_of_one_mount(from.get());
  if (!mount || !move_mount_to(mount.get(), to.get()))
    return system_error("cannot bind " + source + " on " + target, errno);
  if (::mount(nullptr, by_fd(mount.get()).c_str(), nullptr, MS_UNBINDABLE, nullptr) != 0) {
    const int why = errno;
    (void)detach(mount.get(), target);
    return system_error("cannot make " + target + " unbindable", why);
  }
  return mount;
}

// mount(2) cannot do this, because it follows the link.
Result<UniqueFd> mount_link(const std::string& link, int target, const std::string& name) {
  UniqueFd mount(static_cast<int>(::syscall(SYS_open_tree, AT_FDCWD, link.c_str(),
                                            OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW)));
  if (!mount) return general_error(system_error("cannot take a mount of " + link, errno));
  if (!move_mount_to(mount.get(), target)) return mount_error("cannot mount a link over " + name, errno);
  if (auto status = make_private(mount.get(), name); !status) {
    (void)detach(mount.get(), name);
    return status.error();
  }
  return mount;
}

Status make_private(int fd, const std::string& name) {
  if (::mount(nullptr, by_fd(fd).c_str(), nullptr, MS_PRIVATE, nullptr) != 0)
    return mount_error("cannot make " + name + " private", errno);
  return {};
}

Status make_slave(int fd, const std::string& name) {
  if (::mount(nullptr, by_fd(fd).c_str(), nullptr, MS_SLAVE | MS_REC, nullptr) != 0)
    return mount_error("cannot make " + name + " a slave", errno);
  return {};
}

Status set_mount_flags(int fd, unsigned flags, const std::string& name) {
  // A bind remount replaces the whole set.  Without an atime flag it keeps the atime mode.
  if (::mount(nullptr, by_fd(fd).c_str(), nullptr, MS_REMOUNT | MS_BIND | mount_bits(flags), nullptr) != 0)
    return mount_error("cannot set the flags '" + flag_names(flags) + "' of " + name, errno);
  return {};
}

// /proc/self/fd/N is a magic link: the kernel goes straight to the mount and the file that the descriptor is
// open on and looks up no name.  UMOUNT_NOFOLLOW would refuse it (EINVAL).  umount2() then unmounts the
// topmost of the mounts stacked on that file, so the call is repeated until the kernel says that the
// descriptor's own mount is no longer attached (EINVAL): the ones on top of it would go with it anyway.
Status detach(int fd, const std::string& name) {
  constexpr int most_stacked = 1000;
  const auto is_root = is_mount_root(fd, name);
  if (!is_root) return is_root.error();
  // Another mount may cover a file that is not the root of its own.
  if (!*is_root) return system_error("cannot detach " + name, EINVAL);
  for (int turn = 0; turn < most_stacked; ++turn) {
    if (::umount2(by_fd(fd).c_str(), MNT_DETACH) == 0) continue;
    if (errno == EINVAL && turn > 0) return {};
    return system_error("cannot detach " + name, errno);
  }
  return Error{"something is mounted again and again on " + name, "see: findmnt " + shell_quoted(name),
               EBUSY};
}

Status detach_mount(int id, const std::string& target) {
  const auto mount = open_mount(id, target);
  if (!mount) return mount.error();
  return detach(mount->get(), target);
}

Status detach_all(const std::string& target) {
  for (;;) {
    const UniqueFd top(::open(target.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!top && errno == ENOENT) return {};
    if (!top) return system_error("cannot open " + target, errno);
    const auto is_root = is_mount_root(top.get(), target);
    if (!is_root) return is_root.error();
    if (!*is_root) return {};
    if (auto status = detach(top.get(), target); !status) return status;
  }
}

void record_mount(UniqueFd mount, const std::string& what, const std::string& name, Transaction& changes) {
  changes.done(what,
               [fd = std::make_shared<UniqueFd>(std::move(mount)), name] { return detach(fd->get(), name); });
}

namespace {

// Runs `work` in a child process and returns its result: 0 or an errno.
template <typename Work>
int in_child(Work work) {
  const pid_t child = ::fork();
  if (child < 0) return errno;
  if (child == 0) ::_exit(work());
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {}
  return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

// Removes the mount point `target` from a mount namespace of its own, in which nothing is mounted on it.
int remove_mount_point(const char* target) {
  if (::unshare(CLONE_NEWNS) != 0) return errno;
  if (::mount(nullptr, "/", nullptr, MS_PRIVATE | MS_REC, nullptr) != 0) return errno;
  while (::umount2(target, MNT_DETACH | UMOUNT_NOFOLLOW) == 0) {}
  if (errno != EINVAL) return errno;  // EINVAL: it is no longer a mount point
  return ::rmdir(target) == 0 ? 0 : errno;
}

int detach_in(int space, int id, const std::string& target) {
  if (::setns(space, CLONE_NEWNS) != 0) return errno;
  const auto status = detach_mount(id, target);
  return status ? 0 : status.error().code;
}

}  // namespace

// The kernel allows removing a directory that is a mount point in other namespaces only, and then unmounts
// what is mounted there in all of them.  No other way of lazily unmounting a tree of mounts leaves the tree
// connected for the processes in it.
Status detach_everywhere(const std::string& target) {
  const int why = in_child([&target] { return remove_mount_point(target.c_str()); });
  if (why != 0) return system_error("cannot remove the mount point " + target, why);
  if (::mkdir(target.c_str(), 0755) != 0)
    return system_error("cannot make the directory " + target + " again", errno);
  return {};
}

Status detach_elsewhere(pid_t pid, int id, const std::string& target) {
  const std::string name = "/proc/" + std::to_string(pid) + "/ns/mnt";
  const UniqueFd space(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!space) return system_error("cannot open " + name, errno);
  const int why = in_child([&] { return detach_in(space.get(), id, target); });
  if (why != 0) return system_error("cannot detach " + target + " for process " + std::to_string(pid), why);
  return {};
}

Status unmount(const std::string& target) {
  if (::umount2(target.c_str(), UMOUNT_NOFOLLOW) != 0) return system_error("cannot unmount " + target, errno);
  return {};
}

}  // namespace chos
