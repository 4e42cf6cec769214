// SPDX-License-Identifier: BSD-3-Clause
#include "mount/operations.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "basic/text.h"
#include "mount/compat.h"

// Of Linux 5.10; older headers lack it.
#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif

namespace chos {
namespace {

unsigned long kernel_flags(unsigned flags) {
  unsigned long out = 0;
  if ((flags & mount_ro) != 0) out |= MS_RDONLY;
  if ((flags & mount_nosuid) != 0) out |= MS_NOSUID;
  if ((flags & mount_nodev) != 0) out |= MS_NODEV;
  if ((flags & mount_noexec) != 0) out |= MS_NOEXEC;
  if ((flags & mount_nosymfollow) != 0) out |= MS_NOSYMFOLLOW;
  return out;
}

// MOUNT_ATTR_
std::uint64_t attributes(unsigned flags) {
  std::uint64_t out = 0;
  if ((flags & mount_ro) != 0) out |= 1;
  if ((flags & mount_nosuid) != 0) out |= 2;
  if ((flags & mount_nodev) != 0) out |= 4;
  if ((flags & mount_noexec) != 0) out |= 8;
  if ((flags & mount_nosymfollow) != 0) out |= 0x200000;
  return out;
}

// Takes a copy that is not attached yet, and all below it, out of its group, and adds flags: Linux 5.12
// and later.
bool make_detached_slave(int copy, unsigned flags) {
  const struct {
    std::uint64_t set, clear, propagation, user_space;
  } wanted{attributes(flags), 0, MS_SLAVE, 0};
  return ::syscall(SYS_mount_setattr, copy, "", AT_EMPTY_PATH | AT_RECURSIVE, &wanted, sizeof wanted) == 0;
}

// openat2(2), which has no wrapper in libc.
int open_how(int directory, const char* path, std::uint64_t flags, std::uint64_t resolve) {
  struct open_how how {};
  how.flags = flags | O_PATH | O_CLOEXEC;
  how.resolve = resolve;
  // EAGAIN: something was renamed while it was resolved.
  for (int tries = 0;; ++tries) {
    const long fd = ::syscall(SYS_openat2, directory, path, &how, sizeof how);
    if (fd >= 0 || (errno != EINTR && errno != EAGAIN) || tries == 100) return static_cast<int>(fd);
  }
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
  // Not by mount(2): that would make an automounter mount it, and wait for its server.  What it mounts
  // later propagates.
  const UniqueFd copy(static_cast<int>(
      ::syscall(SYS_open_tree, source, "",
                OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE | AT_NO_AUTOMOUNT)));
  // Before it is attached: who would detach it as long as it is of the source's group would unmount there.
  const bool slave = copy && make_detached_slave(copy.get(), flags);
  if (!copy || ::syscall(SYS_move_mount, copy.get(), "", target, "",
                         MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) != 0)
    return system_error("cannot bind " + source_name + " on " + target_name, errno);
  // Of the copy itself: an automounter may have mounted something on it by now.
  if (!slave && ::mount(nullptr, by_fd(copy.get()).c_str(), nullptr, MS_SLAVE | MS_REC, nullptr) != 0) {
    const int why = errno;
    ::umount2(target_name.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
    return system_error("cannot make " + target_name + " a slave of " + source_name, why);
  }
  return {};
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

// By mount(2) it cannot be done: that follows the link.
Status mount_link(const std::string& link, int target, const std::string& name) {
  const UniqueFd mount(static_cast<int>(::syscall(
      SYS_open_tree, AT_FDCWD, link.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW)));
  if (!mount) return system_error("cannot take a mount of " + link, errno);
  if (::syscall(SYS_move_mount, mount.get(), "", target, "",
                MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) != 0)
    return system_error("cannot mount a link over " + name, errno);
  if (::mount(nullptr, by_fd(mount.get()).c_str(), nullptr, MS_PRIVATE, nullptr) != 0) {
    const int why = errno;
    ::umount2(name.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
    return system_error("cannot make " + name + " private", why);
  }
  return {};
}

Status set_mount_flags(int fd, unsigned flags, const std::string& name) {
  // The whole set is written; the way access times are kept stays as it is.
  if (::mount(nullptr, by_fd(fd).c_str(), nullptr, MS_REMOUNT | MS_BIND | kernel_flags(flags), nullptr) != 0)
    return system_error("cannot set the flags '" + flag_names(flags) + "' of " + name, errno);
  return {};
}

Result<KnownFile> known_file(int fd, const std::string& name) {
  struct statx info {};
  if (::statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE | STATX_INO, &info) != 0)
    return system_error("cannot examine " + name, errno);
  return KnownFile{info.stx_mode, makedev(info.stx_dev_major, info.stx_dev_minor), info.stx_ino,
                   (info.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0};
}

Result<int> mount_id(int fd) {
  const auto text = read_file("/proc/self/fdinfo/" + std::to_string(fd), 64 * 1024);
  if (!text) return text.error();
  for (const auto line : split(*text, '\n')) {
    constexpr std::string_view key = "mnt_id:";
    if (line.starts_with(key)) return std::atoi(std::string(line.substr(key.size())).c_str());
  }
  return Error{"/proc/self/fdinfo does not say mnt_id", "", ENOSYS};
}

Result<UniqueFd> open_mount(int id, const std::string& target) {
  // Not O_DIRECTORY: that would trigger an automount.
  UniqueFd fd(open_how(AT_FDCWD, target.c_str(), O_NOFOLLOW, RESOLVE_NO_SYMLINKS));
  if (!fd && (errno == ENOENT || errno == ELOOP || errno == ENOTDIR))
    return Error{"nothing is mounted on " + target + " any more", "", ENOENT};
  if (!fd) return system_error("cannot open " + target, errno);
  const auto found = mount_id(fd.get());
  if (!found) return found.error();
  if (*found != id) return Error{"another mount covers " + target, "", ENOENT};
  return fd;
}

Result<UniqueFd> open_in_tree(int tree, const std::string& path, Last last) {
  const std::uint64_t flags = last == Last::keep ? O_NOFOLLOW : last == Last::directory ? O_DIRECTORY : 0;
  UniqueFd fd(open_how(tree, path.c_str(), flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS));
  if (!fd) return system_error("cannot open " + path, errno);
  return fd;
}

Status detach(const std::string& target) {
  if (::umount2(target.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0)
    return system_error("cannot detach " + target, errno);
  return {};
}

namespace {

// What `work`, done by a child, returns: 0 or an errno.
template <typename Work>
int in_child(Work work) {
  const pid_t child = ::fork();
  if (child < 0) return errno;
  if (child == 0) ::_exit(work());
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {}
  return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

// In a namespace of its own.
int remove_below_mounts(const char* target) {
  if (::unshare(CLONE_NEWNS) != 0) return errno;
  if (::mount(nullptr, "/", nullptr, MS_PRIVATE | MS_REC, nullptr) != 0) return errno;
  while (::umount2(target, MNT_DETACH | UMOUNT_NOFOLLOW) == 0) {}
  if (errno != EINVAL) return errno;  // EINVAL: no mount point any more
  return ::rmdir(target) == 0 ? 0 : errno;
}

int detach_in(int space, int id, const std::string& target) {
  if (::setns(space, CLONE_NEWNS) != 0) return errno;
  if (!open_mount(id, target)) return ENOENT;
  return ::umount2(target.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0 ? 0 : errno;
}

}  // namespace

// The kernel lets a directory be removed that is a mount point in other namespaces only, and
// takes off, everywhere, what is mounted there: the one way to unmount a tree of mounts lazily
// that leaves the tree whole for those who are in it.
Status detach_everywhere(const std::string& target) {
  const int why = in_child([&target] { return remove_below_mounts(target.c_str()); });
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
