// SPDX-License-Identifier: BSD-3-Clause
#include "lib/user_file.h"

#include <chos/abi.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "lib/files.h"
#include "lib/names.h"

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

UserFile read_user_file(const std::string& path) {
  UserFile file;
  file.path = path;
  const auto unusable = [&file](const std::string& reason) {
    file.state = UserFile::State::unusable;
    file.reason = reason;
    return file;
  };

  auto fd = open_regular(path);
  if (!fd) {
    // A link that leads nowhere is there, yet opening it says ENOENT.
    struct stat info {};
    if (fd.error().code == ENOENT && ::lstat(path.c_str(), &info) == 0)
      return unusable(path + " is a symbolic link that leads nowhere");
    if (fd.error().code == ENOENT || fd.error().code == ENOTDIR) return file;
    return unusable(fd.error().what);
  }
  struct stat info {};
  if (::fstat(fd->get(), &info) == 0 && info.st_size > CHOS_PATH_MAX)
    return unusable(path + " has " + std::to_string(info.st_size) + " bytes; expected at most " +
                    std::to_string(CHOS_PATH_MAX));
  const auto text = read_all(fd->get(), CHOS_PATH_MAX, path);
  if (!text) return unusable(text.error().what);

  const auto name = without_ends(*text);
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
  if (auto status = write_once(fd.get(), name + "\n", temporary); !status)
    return fail(status.error());
  if (::fchmod(fd.get(), 0644 & ~mask) != 0 || ::fsync(fd.get()) != 0)
    return fail(system_error("cannot write " + temporary, errno));
  if (::rename(temporary.c_str(), path.c_str()) != 0)
    return fail(system_error("cannot replace " + path, errno));
  return {};
}

}  // namespace chos
