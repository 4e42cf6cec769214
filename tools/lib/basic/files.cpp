// SPDX-License-Identifier: BSD-3-Clause
#include "basic/files.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "basic/text.h"

// Of Linux 5.9; older headers lack it.
#ifndef SYS_close_range
#define SYS_close_range 436
#endif

namespace chos {
namespace {

Result<std::vector<std::string>> names_of(const DirectoryStream& directory, const std::string& name) {
  if (!directory) return system_error("cannot read the directory " + name, errno);
  std::vector<std::string> names;
  while (const dirent* entry = next_entry(directory)) names.emplace_back(entry->d_name);
  if (errno != 0) return system_error("cannot read the directory " + name, errno);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

void close_descriptors(int first, int end) noexcept {
  if (end >= 0 && first >= end) return;
  const unsigned last = end < 0 ? ~0U : static_cast<unsigned>(end - 1);
  if (::syscall(SYS_close_range, static_cast<unsigned>(first), last, 0U) == 0) return;
  // A sandbox may refuse it.
  constexpr rlim_t most = 1 << 20;
  struct rlimit limit {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max > most) limit.rlim_max = most;
  if (end < 0) end = static_cast<int>(limit.rlim_max);
  for (int fd = first; fd < end; ++fd) ::close(fd);
}

std::string by_fd(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

UniqueFd reopen(int fd, int flags) {
  return UniqueFd(::open(by_fd(fd).c_str(), flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

std::string path_of(int fd) { return read_link(AT_FDCWD, by_fd(fd)); }

std::string read_link(int directory, const std::string& name) {
  char text[PATH_MAX];
  const ssize_t size = ::readlinkat(directory, name.c_str(), text, sizeof text);
  return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string();
}

std::string FileIdentity::text() const { return std::to_string(device) + ":" + std::to_string(inode); }

std::optional<FileIdentity> identity_of(int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return std::nullopt;
  return FileIdentity{info.st_dev, info.st_ino};
}

std::optional<FileIdentity> identity_of(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return std::nullopt;
  return FileIdentity{info.st_dev, info.st_ino};
}

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
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
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

bool write_all(int fd, std::string_view data) noexcept {
  while (!data.empty()) {
    const ssize_t written = ::write(fd, data.data(), data.size());
    if (written < 0 && errno == EINTR) continue;
    if (written == 0) errno = EIO;
    if (written <= 0) return false;
    data.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

Status write_file(int fd, std::string_view data, const std::string& name) {
  return write_all(fd, data) ? Status() : system_error("cannot write to " + name, errno);
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
                 "chown root " + shell_quoted(name), EPERM};
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    char mode[8];
    std::snprintf(mode, sizeof mode, "%04o", static_cast<unsigned>(info.st_mode & 07777));
    return Error{name + " has mode " + mode + "; expected to be writable by its owner only",
                 "chmod go-w " + shell_quoted(name), EPERM};
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
  UniqueFd fd = reopen(seen.get(), O_RDONLY);
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

// std::filesystem::create_directories() cannot set a mode: what it makes is open to others for a moment.
Status make_directories(const std::string& path, mode_t mode,
                        const std::function<void(const std::string&)>& made) {
  std::filesystem::path here;
  for (const auto& part : std::filesystem::path(path)) {
    here /= part;
    if (part.empty() || here == here.root_path()) continue;
    if (::mkdir(here.c_str(), mode) != 0) {
      if (errno != EEXIST) return system_error("cannot make the directory " + here.string(), errno);
      continue;
    }
    if (made) made(here);
    if (::chmod(here.c_str(), mode) != 0)
      return system_error("cannot set the mode of the directory " + here.string(), errno);
  }
  return {};
}

DirectoryStream open_entries(const std::string& path) { return DirectoryStream(::opendir(path.c_str())); }

DirectoryStream open_entries(int directory) {
  // Not a duplicate: that would share its position with `directory`.
  UniqueFd again(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  DirectoryStream stream(again ? ::fdopendir(again.get()) : nullptr);
  if (stream) again.release();
  return stream;
}

const dirent* next_entry(const DirectoryStream& directory) {
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(directory.get());
    if (entry == nullptr) return nullptr;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") return entry;
  }
}

Result<std::vector<std::string>> names_in(const std::string& path) {
  return names_of(open_entries(path), path);
}

Result<std::vector<std::string>> names_in(int directory) {
  return names_of(open_entries(directory), path_of(directory));
}

Result<bool> is_empty_directory(const std::string& path) {
  const auto directory = open_entries(path);
  if (!directory) return system_error("cannot examine " + path, errno);
  const bool empty = next_entry(directory) == nullptr;
  if (empty && errno != 0) return system_error("cannot examine " + path, errno);
  return empty;
}

}  // namespace chos
