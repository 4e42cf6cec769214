// SPDX-License-Identifier: BSD-3-Clause
// Files, directories and descriptors: opening, reading with a limit, comparing.
#pragma once

#include <dirent.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "basic/result.h"

namespace chos {

/// A file descriptor, closed by the destructor.
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
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

/// Closes every descriptor from `first` on and below `end` (-1: all).  Safe in a child after fork(2): it
/// allocates nothing.
void close_descriptors(int first, int end = -1) noexcept;

/// A path that leads to what a descriptor is open on, whatever name that has by now.
std::string by_fd(int fd);

/// Opens what an O_PATH descriptor is open on once more, with access of its own (O_RDONLY ...).  It is the
/// same inode: nobody can put another file in its place.  Nothing, with errno set, if that fails.
UniqueFd reopen(int fd, int flags);

/// The path of what a descriptor is open on.
std::string path_of(int fd);

/// The text of the symbolic link `name` in an open directory (or AT_FDCWD), or of an open link if `name`
/// is empty.  Empty, with errno set, if there is none.
std::string read_link(int directory, const std::string& name);

/// Which file something is, under any name.
struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;

  bool operator==(const FileIdentity&) const = default;
  std::string text() const;  ///< "DEVICE:INODE", in decimal
};

/// The identity of an open file, or of the file at a path; links are followed.  Nothing if it cannot be
/// examined.
std::optional<FileIdentity> identity_of(int fd);
std::optional<FileIdentity> identity_of(const std::string& path);

/// Whether both are there and are the same file.  Each is a path or a descriptor.
template <typename One, typename Other>
bool same_file(const One& one, const Other& other) {
  const auto identity = identity_of(one);
  return identity && identity == identity_of(other);
}

/// Reads to the end of `fd`.  More than `limit` bytes is an error (EFBIG), and no more than
/// limit + 1 bytes are ever read.  `name` is for the message.
Result<std::string> read_all(int fd, std::size_t limit, const std::string& name);

/// Opens and reads a file, as read_all().  It does not wait for a process that holds a lease on the file.
Result<std::string> read_file(const std::string& path, std::size_t limit);

/// Writes `data` with a single write(2), as the files of /proc/chos require.
/// A write of fewer bytes is an error (EIO).
Status write_once(int fd, std::string_view data, const std::string& name);

/// Writes all of `data`, in as many calls of write(2) as it takes.  False, with errno set, after an error.
bool write_all(int fd, std::string_view data) noexcept;

/// The same, with an Error that says `name`.
Status write_file(int fd, std::string_view data, const std::string& name);

/// Checks that only `trusted` (root, except in tests) can have written an open file: a regular file of
/// that user, writable by nobody else.  It examines the descriptor, and so the file that is read.
Status check_trusted(int fd, uid_t trusted, const std::string& name);

/// Reads a file that passes check_trusted().  FIFOs and devices are refused without being
/// opened for reading, so it never waits.  Code ENOENT: there is no such file.
Result<std::string> read_trusted_file(const std::string& path, std::size_t limit, uid_t trusted);

/// Opens a regular file for reading without ever waiting or having an effect on a device: it
/// examines the type through an O_PATH descriptor first.  Anything else is an Error that names
/// its kind; code ENOENT if nothing is there.
Result<UniqueFd> open_regular(const std::string& path);

/// "a directory", "a FIFO" ... for messages.
std::string_view file_kind(mode_t mode);

/// Whether `path` is a regular file that this process may execute.
bool executable(const std::string& path);

/// Makes a directory and the missing ones above it, each with exactly this mode, whatever the umask.
/// `made` is called with the path of each directory that it has made.
Status make_directories(const std::string& path, mode_t mode = 0700,
                        const std::function<void(const std::string&)>& made = {});

struct CloseDir {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using DirectoryStream = std::unique_ptr<DIR, CloseDir>;

/// Opens a directory by its path, or an open one (O_PATH suffices) once more, to read its entries.  Null,
/// with errno set, if that fails.
DirectoryStream open_entries(const std::string& path);
DirectoryStream open_entries(int directory);

/// The next entry besides "." and "..".  Null at the end, with errno 0, or after an error, with errno set.
const dirent* next_entry(const DirectoryStream& directory);

/// The names in a directory besides "." and "..", sorted.
Result<std::vector<std::string>> names_in(const std::string& path);
Result<std::vector<std::string>> names_in(int directory);

/// Whether a directory has no entry besides "." and "..".  The Error's code says why it cannot be read.
Result<bool> is_empty_directory(const std::string& path);

}  // namespace chos
