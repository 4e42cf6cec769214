// SPDX-License-Identifier: BSD-3-Clause
#include "basic/files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>

namespace chos {

Error system_error(const std::string& what, int code, const std::string& remedy) {
  const bool is_full = code == ENOSPC || code == EDQUOT;
  return Error{what + ": " + std::strerror(code), remedy.empty() && is_full ? "make room" : remedy, code};
}

std::string_view file_kind(mode_t mode) {
  if (S_ISREG(mode)) return "a regular file";
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISCHR(mode)) return "a character device";
  if (S_ISBLK(mode)) return "a block device";
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISLNK(mode)) return "a symbolic link";
  return "a file of an unknown kind";
}

Result<std::string> read_all(int fd, std::size_t limit, const std::string& name) {
  std::string text;
  char buffer[16384];
  while (text.size() <= limit) {
    const std::size_t room = limit + 1 - text.size();
    const ssize_t got = ::read(fd, buffer, room < sizeof buffer ? room : sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("cannot read " + name, errno);
    if (got == 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
  }
  return Error{name + " is longer than " + std::to_string(limit) + " bytes", "", EFBIG};
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd) return system_error("cannot open " + path, errno);
  return read_all(fd.get(), limit, path);
}

Status write_once(int fd, std::string_view data, const std::string& name) {
  ssize_t written = -1;
  do {
    written = ::write(fd, data.data(), data.size());
  } while (written < 0 && errno == EINTR);
  if (written < 0) return system_error("cannot write to " + name, errno);
  if (static_cast<std::size_t>(written) != data.size())
    return Error{"only a part was written to " + name, "", EIO};
  return {};
}

Status check_trusted(int fd, uid_t trusted, const std::string& name) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return system_error("cannot examine " + name, errno);
  if (!S_ISREG(info.st_mode))
    return Error{name + " is " + std::string(file_kind(info.st_mode)) + "; expected a regular file", "",
                 EINVAL};
  if (info.st_uid != trusted)
    return Error{name + " belongs to uid " + std::to_string(info.st_uid) + "; expected uid " +
                     std::to_string(trusted) + (trusted == 0 ? " (root)" : ""),
                 "chown root " + name, EPERM};
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    char mode[8];
    std::snprintf(mode, sizeof mode, "%04o", static_cast<unsigned>(info.st_mode & 07777));
    return Error{name + " has mode " + mode + "; expected to be writable by its owner only",
                 "chmod go-w " + name, EPERM};
  }
  return {};
}

Result<UniqueFd> open_regular(const std::string& path) {
  const UniqueFd seen(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!seen) return system_error("cannot open " + path, errno);
  struct stat info {};
  if (::fstat(seen.get(), &info) != 0) return system_error("cannot examine " + path, errno);
  if (!S_ISREG(info.st_mode))
    return Error{path + " is " + std::string(file_kind(info.st_mode)) + "; expected a regular file", "",
                 EINVAL};
  // The same inode again, now for reading: through the descriptor, so that nobody can put
  // another file there in between.
  const std::string again = "/proc/self/fd/" + std::to_string(seen.get());
  UniqueFd fd(::open(again.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!fd) return system_error("cannot open " + path, errno);
  return fd;
}

Result<std::string> read_trusted_file(const std::string& path, std::size_t limit, uid_t trusted) {
  auto fd = open_regular(path);
  if (!fd) return fd.error();
  if (auto status = check_trusted(fd->get(), trusted, path); !status) return status.error();
  return read_all(fd->get(), limit, path);
}

bool executable(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

std::string read_link(int directory, const std::string& name) {
  char text[PATH_MAX];
  const ssize_t size = ::readlinkat(directory, name.c_str(), text, sizeof text);
  return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string();
}

std::string by_fd(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

std::string path_of(int fd) { return read_link(AT_FDCWD, by_fd(fd)); }

}  // namespace chos
