// SPDX-License-Identifier: BSD-3-Clause
#include "session/user_file.h"

#include <chos/abi.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "basic/files.h"
#include "basic/text.h"

namespace chos {
namespace {

std::string_view without_ends(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  constexpr std::string_view blank = " \t\r\n";
  const auto first = text.find_first_not_of(blank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

}  // namespace

std::string user_file_path(const std::string& home) {
  return home + (home.ends_with('/') ? "" : "/") + user_file_name;
}

RawUserFile fetch_user_file(const char* path) noexcept {
  using Found = RawUserFile::Found;
  RawUserFile raw;
  const auto failed = [&raw] {
    raw.code = errno;
    raw.found = Found::unreadable;
    return raw;
  };
  const UniqueFd seen(::open(path, O_PATH | O_CLOEXEC));
  struct stat info {};
  if (!seen) {
    if (errno != ENOENT && errno != ENOTDIR) return failed();
    // Opening a dangling link fails with ENOENT although the link exists.
    if (errno == ENOENT && ::lstat(path, &info) == 0) raw.found = Found::dangling;
    return raw;
  }
  if (::fstat(seen.get(), &info) != 0) return failed();
  raw.mode = info.st_mode;
  raw.size = info.st_size;
  if (!S_ISREG(info.st_mode)) {
    raw.found = Found::not_regular;
    return raw;
  }
  // Opens the same inode for reading, so that nobody can replace the file in between.  reopen() allocates,
  // which nothing may do here, in a child of another program.
  char again[32];
  std::snprintf(again, sizeof again, "/proc/self/fd/%d", seen.get());
  const UniqueFd fd(::open(again, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!fd) return failed();
  raw.found = Found::too_big;
  if (info.st_size > CHOS_PATH_MAX) return raw;
  while (raw.length <= CHOS_PATH_MAX) {
    const ssize_t got = ::read(fd.get(), raw.data + raw.length, sizeof raw.data - raw.length);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed();
    if (got == 0) {
      raw.found = Found::bytes;
      return raw;
    }
    raw.length += static_cast<unsigned>(got);
  }
  raw.size = raw.length;  // it grew while it was read
  return raw;
}

UserFile interpret_user_file(const std::string& path, const RawUserFile& raw) {
  using Found = RawUserFile::Found;
  UserFile file;
  file.path = path;
  const auto unusable = [&file](const std::string& reason) {
    file.state = UserFile::State::unusable;
    file.reason = reason;
    return file;
  };
  switch (raw.found) {
    case Found::nothing: return file;
    case Found::dangling: return unusable(path + " is a symbolic link that leads nowhere");
    case Found::not_regular:
      return unusable(path + " is " + std::string(file_kind(raw.mode)) + "; expected a regular file");
    case Found::too_big:
      return unusable(path + " has " + std::to_string(raw.size) + " bytes; expected at most " +
                      std::to_string(CHOS_PATH_MAX));
    case Found::unreadable: return unusable(system_error("cannot read " + path, raw.code).what);
    case Found::bytes: break;
  }
  const auto name = without_ends({raw.data, std::min<std::size_t>(raw.length, sizeof raw.data)});
  if (name.empty()) {
    file.state = UserFile::State::empty;
    return file;
  }
  if (name.find_first_of("\r\n") != std::string_view::npos)
    return unusable(path + " has more than one line; expected the name of one OS");
  const bool strange = std::any_of(name.begin(), name.end(), [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return u < 0x20 || u == 0x7f;
  });
  if (strange) return unusable(path + " holds a control character: " + in_quotes(name));
  file.state = UserFile::State::chosen;
  file.name = name;
  return file;
}

UserFile read_user_file(const std::string& path) {
  return interpret_user_file(path, fetch_user_file(path.c_str()));
}

Status write_user_file(const std::string& path, const std::string& name) {
  std::string temporary = path + ".XXXXXX";
  UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd) return system_error("cannot make a file beside " + path, errno);
  const mode_t mask = ::umask(0);
  ::umask(mask);
  const auto fail = [&temporary](Error error) {
    ::unlink(temporary.c_str());
    return Status(std::move(error));
  };
  if (auto status = write_file(fd.get(), name + "\n", temporary); !status) return fail(status.error());
  if (::fchmod(fd.get(), 0644 & ~mask) != 0 || ::fsync(fd.get()) != 0)
    return fail(system_error("cannot write " + temporary, errno));
  if (::rename(temporary.c_str(), path.c_str()) != 0)
    return fail(system_error("cannot replace " + path, errno));
  return {};
}

}  // namespace chos
