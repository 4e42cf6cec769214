// SPDX-License-Identifier: BSD-3-Clause
#include "batch/file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <climits>
#include <cstdlib>

#include "basic/replace_file.h"
#include "basic/text.h"

namespace chos {
namespace {

constexpr std::size_t longest_file = std::size_t{1024} * 1024;

// Resolves all links.  Of a file that does not exist, only its directory is resolved.
Result<std::string> real_path(const std::string& path) {
  char real[PATH_MAX];
  if (::realpath(path.c_str(), real) != nullptr) return std::string(real);
  const int why = errno;
  struct stat info {};
  if (why == ENOENT && ::lstat(path.c_str(), &info) == 0)
    return Error{path + " is a symbolic link that leads nowhere", "remove it, or create its target", ENOENT};
  const auto slash = path.rfind('/');
  if (why != ENOENT || slash == std::string::npos) return system_error("cannot find " + path, why);
  if (::realpath(path.substr(0, slash + 1).c_str(), real) == nullptr)
    return system_error("cannot find the directory of " + path, errno);
  return std::string(real) + path.substr(slash);
}

Status check_modes(const struct stat& info, const std::string& name) {
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) == 0) return {};
  return Error{name + " is writable by others than its owner", "chmod go-w " + shell_quoted(name), EPERM};
}

}  // namespace

Result<std::shared_ptr<BatchFile>> BatchFile::open(const std::string& path) {
  const auto real = real_path(path);
  if (!real) return real.error();
  auto file = std::make_shared<BatchFile>();
  file->path_ = *real;
  const auto slash = real->rfind('/');
  file->name_ = real->substr(slash + 1);
  const std::string directory = slash == 0 ? "/" : real->substr(0, slash);
  file->directory_ = UniqueFd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat above {
  }, info{};
  if (!file->directory_ || ::fstat(file->directory_.get(), &above) != 0)
    return system_error("cannot open the directory " + directory, errno);
  if (auto status = check_modes(above, directory); !status) return status.error();

  const UniqueFd seen(::openat(file->directory_.get(), file->name_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!seen && errno == ENOENT) return file;
  if (!seen || ::fstat(seen.get(), &info) != 0) return system_error("cannot open " + *real, errno);
  if (!S_ISREG(info.st_mode) || info.st_nlink > 1)
    return Error{*real +
                     (S_ISREG(info.st_mode) ? " has other names (hard links)"
                                            : " is " + std::string(file_kind(info.st_mode))) +
                     "; expected a regular file with a single name",
                 "put a copy in its place", EINVAL};
  if (auto status = check_modes(info, *real); !status) return status.error();
  if (info.st_uid != 0 && info.st_uid != above.st_uid && info.st_uid != ::geteuid())
    return Error{*real + " belongs to uid " + std::to_string(info.st_uid) + "; expected root, or uid " +
                     std::to_string(above.st_uid) + " as its directory",
                 "chown root " + shell_quoted(*real), EPERM};
  file->file_ = reopen(seen.get(), O_RDONLY);
  if (!file->file_) return system_error("cannot open " + *real, errno);
  auto text = read_all(file->file_.get(), longest_file, *real);
  if (!text) return text.error();
  file->text_ = std::move(*text);
  return file;
}

Result<std::string> BatchFile::back_up(const std::string& backups, const std::string& name,
                                       const std::string& text) const {
  if (auto status = make_directories(backups); !status) return status.error();
  const auto directory = open_guarded(backups, ::geteuid());
  if (!directory) return directory.error();
  const std::string where = backups + "/" + name + ".orig";
  const auto kept = read_trusted_file(where, longest_file, ::geteuid());
  if (kept && *kept == text) return where;
  if (!kept && kept.error().code != ENOENT) return kept.error();
  if (auto status = replace_in(directory->get(), name + ".orig", text, -1, where); !status)
    return status.error();
  return where;
}

// Checks that the file is what was read.
Status BatchFile::unchanged() const {
  const UniqueFd now(
      ::openat(directory_.get(), name_.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!now && errno == ENOENT && !file_) return {};
  if (now) {
    const auto text = read_all(now.get(), longest_file, path_);
    if (!text) return text.error();
    if (file_ && *text == text_) return {};
  }
  return Error{path_ + " was changed by somebody else just now", "check the change, then run this again",
               EAGAIN};
}

Status BatchFile::replace(const std::string& text) const {
  if (auto status = unchanged(); !status) return status;
  return replace_in(directory_.get(), name_, text, file_ ? file_.get() : -1, path_);
}

Status BatchFile::remove() const {
  if (auto status = unchanged(); !status) return status;
  if (::unlinkat(directory_.get(), name_.c_str(), 0) != 0)
    return system_error("cannot remove " + path_, errno);
  ::fsync(directory_.get());
  return {};
}

}  // namespace chos
