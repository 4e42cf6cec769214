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

#include "mount/compat.h"
#include "mount/open.h"

namespace chos {
namespace {

// Makes an unattached copy and all mounts below it slaves, and adds flags.  Needs Linux 5.12.
bool make_detached_slave(int copy, unsigned flags) {
  const struct {
    std::uint64_t set, clear, propagation, user_space;
  } wanted{attribute_bits(flags), 0, MS_SLAVE, 0};
  return ::syscall(SYS_mount_setattr, copy, "", AT_EMPTY_PATH | AT_RECURSIVE, &wanted, sizeof wanted) == 0;
}

}  // namespace

Status mount_pseudo(const std::string& type, const std::string& target) {
  if (::mount(type.c_str(), target.c_str(), type.c_str(), MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0)
    return system_error("cannot mount " + type + " on " + target, errno);
  return {};
}

Status bind_tree(const std::string& source, const std::string& target) {
  const UniqueFd from(::open(source.c_str(), O_PATH | O_CLOEXEC));
  if (!from) return system_error("cannot open " + source, errno);
  const UniqueFd to(::open(target.c_str(), O_PATH | O_CLOEXEC));
  if (!to) return system_error("cannot open " + target, errno);
  return bind_tree_over(from.get(), to.get(), source, target);
}

Status bind_tree_over(int source, int target, const std::string& source_name, const std::string& target_name,
                      unsigned flags) {
  // mount(2) would trigger an automount and wait for its server.  Mounts that the automounter makes later
  // propagate to the copy.
  const UniqueFd copy(static_cast<int>(
      ::syscall(SYS_open_tree, source, "",
                OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE | AT_NO_AUTOMOUNT)));
  // Before it is attached: unmounting a copy that is still in the source's peer group unmounts the source
  // too.
  const bool slave = copy && make_detached_slave(copy.get(), flags);
  if (!copy || ::syscall(SYS_move_mount, copy.get(), "", target, "",
                         MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) != 0)
    return system_error("cannot bind " + source_name + " on " + target_name, errno);
  if (slave) return {};
  // By the descriptor: an automounter may have mounted something on the path by now.
  auto status = make_slave(copy.get(), target_name);
  if (!status) ::umount2(target_name.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
  return status;
}

Status bind_unbindable(const std::string& source, const std::string& target) {
  if (::mount(source.c_str(), target.c_str(), nullptr, MS_BIND, nullptr) != 0)
    return system_error("cannot bind " + source + " on " + target, errno);
  if (::mount(nullptr, target.c_str(), nullptr, MS_UNBINDABLE, nullptr) != 0) {
    const int why = errno;
    ::umount2(target.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
    return system_error("cannot make " + target + " unbindable", why);
  }
  return {};
}

// mount(2) cannot do this, because it follows the link.
Status mount_link(const std::string& link, int target, const std::string& name) {
  const UniqueFd mount(static_cast<int>(::syscall(
      SYS_open_tree, AT_FDCWD, link.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW)));
  if (!mount) return system_error("cannot take a mount of " + link, errno);
  if (::syscall(SYS_move_mount, mount.get(), "", target, "",
                MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) != 0)
    return system_error("cannot mount a link over " + name, errno);
  auto status = make_private(mount.get(), name);
  if (!status) ::umount2(name.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
  return status;
}

Status make_private(int fd, const std::string& name) {
  if (::mount(nullptr, by_fd(fd).c_str(), nullptr, MS_PRIVATE, nullptr) != 0)
    return system_error("cannot make " + name + " private", errno);
  return {};
}

Status make_slave(int fd, const std::string& name) {
  if (::mount(nullptr, by_fd(fd).c_str(), nullptr, MS_SLAVE | MS_REC, nullptr) != 0)
    return system_error("cannot make " + name + " a slave", errno);
  return {};
}

Status set_mount_flags(int fd, unsigned flags, const std::string& name) {
  // A bind remount replaces the whole set.  Without an atime flag it keeps the atime mode.
  if (::mount(nullptr, by_fd(fd).c_str(), nullptr, MS_REMOUNT | MS_BIND | mount_bits(flags), nullptr) != 0)
    return system_error("cannot set the flags '" + flag_names(flags) + "' of " + name, errno);
  return {};
}

Status detach(const std::string& target) {
  if (::umount2(target.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0)
    return system_error("cannot detach " + target, errno);
  return {};
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
  if (!open_mount(id, target)) return ENOENT;
  return ::umount2(target.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0 ? 0 : errno;
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
