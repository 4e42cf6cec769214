// SPDX-License-Identifier: BSD-3-Clause
#include "mount/open.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <string_view>

#include "basic/text.h"
#include "mount/mountinfo.h"

namespace chos {
namespace {

// openat2(2), which has no wrapper in libc.
int open_how(int directory, const char* path, std::uint64_t flags, std::uint64_t resolve) {
  struct open_how how {};
  how.flags = flags | O_PATH | O_CLOEXEC;
  how.resolve = resolve;
  // EAGAIN: a component was renamed during the lookup.
  for (int tries = 0;; ++tries) {
    const long fd = ::syscall(SYS_openat2, directory, path, &how, sizeof how);
    if (fd >= 0 || (errno != EINTR && errno != EAGAIN) || tries == 100) return static_cast<int>(fd);
  }
}

// Opens an absolute path of any length; the kernel takes at most PATH_MAX bytes at once, and users can mount
// FUSE file systems deeper than that.  O_DIRECTORY would trigger an automount.
UniqueFd open_without_links(const std::string& path) {
  constexpr std::size_t most = PATH_MAX - 1;
  UniqueFd at;
  std::size_t begin = 0;
  for (;;) {
    const bool is_last = path.size() - begin <= most;
    const auto end = is_last ? path.size() : path.rfind('/', begin + most);
    if (end == std::string::npos || end <= begin) {
      errno = ENAMETOOLONG;
      return {};
    }
    const std::string piece = path.substr(begin, end - begin);
    at = UniqueFd(open_how(at ? at.get() : AT_FDCWD, piece.c_str(), O_NOFOLLOW, RESOLVE_NO_SYMLINKS));
    if (!at || is_last) return at;
    begin = end + 1;
  }
}

}  // namespace

Error mount_error(const std::string& what, int code) {
  auto error = system_error(what, code);
  error.general = code == ENOMEM || code == ENOSPC || code == EMFILE || code == ENFILE;
  return error;
}

Result<bool> is_mount_root(int fd, const std::string& name) {
  // FUSE refuses root any mask but an empty one.
  struct statx info {};
  if (::statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, 0, &info) != 0)
    return system_error("cannot examine " + name, errno);
  return (info.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

Result<KnownFile> known_file(int fd, const std::string& name) {
  struct statx info {};
  if (::statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE | STATX_INO, &info) != 0)
    return system_error("cannot examine " + name, errno);
  return KnownFile{info.stx_mode, makedev(info.stx_dev_major, info.stx_dev_minor), info.stx_ino,
                   (info.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0};
}

Result<int> mount_id(int fd) {
  const auto text = read_file("/proc/self/fdinfo/" + std::to_string(fd), std::size_t{64} * 1024);
  if (!text) return text.error();
  for (const auto line : split(*text, '\n')) {
    constexpr std::string_view key = "mnt_id:";
    if (line.starts_with(key)) return std::atoi(std::string(line.substr(key.size())).c_str());
  }
  return Error{"/proc/self/fdinfo does not say mnt_id", "", ENOSYS};
}

Result<UniqueFd> open_mount(int id, const std::string& target) {
  UniqueFd fd = open_without_links(target);
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

Result<UniqueFd> open_beneath(int directory, const std::string& path) {
  UniqueFd fd(open_how(directory, path.c_str(), O_NOFOLLOW, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS));
  if (!fd) return system_error("cannot open " + path + " in " + path_of(directory), errno);
  return fd;
}

bool leads_out(int directory, const std::string& path) {
  const UniqueFd fd(open_how(directory, path.c_str(), 0, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS));
  return !fd && errno != ENOENT && errno != ENOTDIR && errno != ELOOP;
}

Result<Place> Place::in(int tree, const std::string& path) {
  UniqueFd copy(::fcntl(tree, F_DUPFD_CLOEXEC, 0));
  if (!copy) return mount_error("cannot duplicate a descriptor", errno);
  return Place(std::make_shared<UniqueFd>(std::move(copy)), path);
}

Result<Place> Place::of(int tree, int fd) {
  const std::string top = path_of(tree), name = path_of(fd);
  if (!is_below(name, top) || name == top)
    return Error{name + " is not in the tree at " + top + " any more", "run it again", EAGAIN};
  return in(tree, name.substr(top == "/" ? 1 : top.size() + 1));
}

}  // namespace chos
