// SPDX-License-Identifier: BSD-3-Clause
// Descriptors that close themselves, and reading with a limit.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "basic/result.h"

namespace chos {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void reset(int fd = -1) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

/// Reads to the end of `fd`.  More than `limit` bytes is an error (EFBIG), and no more than
/// limit + 1 bytes are ever read.  `name` is for the message.
Result<std::string> read_all(int fd, std::size_t limit, const std::string& name);

/// Opens and reads a file, as read_all().
Result<std::string> read_file(const std::string& path, std::size_t limit);

/// Writes `data` with a single write(2), as the files of /proc/chos want it.
/// A write of fewer bytes is an error (EIO).
Status write_once(int fd, std::string_view data, const std::string& name);

/// A file only `trusted` (root, but in tests) can have written: a regular file of that user,
/// writable by nobody else.  Asked of the descriptor, so that it is the file which is read.
Status check_trusted(int fd, uid_t trusted, const std::string& name);

/// Reads a file as check_trusted() wants it.  FIFOs and devices are refused without being
/// opened for reading, so it never waits.  ENOENT in the error's code: there is no such file.
Result<std::string> read_trusted_file(const std::string& path, std::size_t limit, uid_t trusted);

/// Opens a regular file for reading without ever waiting or having an effect on a device: the
/// type is looked at through an O_PATH descriptor first.  Anything else: an Error that names
/// what it is, code ENOENT if nothing is there.
Result<UniqueFd> open_regular(const std::string& path);

/// "a directory", "a FIFO" ... for messages.
std::string_view file_kind(mode_t mode);

/// A regular file that this process may execute.
bool executable(const std::string& path);

/// A path by which a descriptor can be opened again: "/proc/self/fd/N".
std::string by_fd(int fd);

/// The path of what a descriptor is open on.
std::string path_of(int fd);

/// The text of the symbolic link `name` in an open directory (or AT_FDCWD), or of an open link if `name`
/// is empty; empty if there is none.
std::string read_link(int directory, const std::string& name);

}  // namespace chos
