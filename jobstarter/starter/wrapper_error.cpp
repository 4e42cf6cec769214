// SPDX-License-Identifier: BSD-3-Clause
#include "starter/wrapper_error.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace chos::starter {
namespace {

bool is_mine(const struct stat& info) { return info.st_uid == ::geteuid(); }

// Closes the contents of the directory to others, before they may search it.  False: some are still open.
bool close_to_others(int directory) {
  const int copy = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* list = copy < 0 ? nullptr : ::fdopendir(copy);
  if (list == nullptr) {
    if (copy >= 0) ::close(copy);
    return false;
  }
  bool closed = true;
  while (const dirent* entry = ::readdir(list)) {
    const std::string name = entry->d_name;
    struct stat info {};
    if (name == "." || name == ".." || ::fstatat(directory, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0 ||
        S_ISLNK(info.st_mode) || !is_mine(info))
      continue;
    if (::fchmodat(directory, name.c_str(), info.st_mode & 0700, 0) != 0) closed = false;
  }
  ::closedir(list);
  return closed;
}

}  // namespace

WrapperError::WrapperError(const Environment& environment) {
  const std::string* path = find_variable(environment, wrapper_error_variable);
  const auto slash = path == nullptr ? std::string::npos : path->rfind('/');
  if (slash == std::string::npos || slash + 1 == path->size()) return;
  name_ = path->substr(slash + 1);
  const std::string* scratch = find_variable(environment, "_CONDOR_SCRATCH_DIR");
  is_scratch_ = scratch != nullptr && *scratch == path->substr(0, slash);
  directory_ = ::open(path->substr(0, slash + 1).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

WrapperError::~WrapperError() {
  if (directory_ >= 0) ::close(directory_);
}

void WrapperError::write(const std::string& line) const {
  struct stat info {};
  if (directory_ < 0 || ::fstat(directory_, &info) != 0) return;
  // HTCondor 23.9 looks for the file with the rights of its own account, which may have the user's
  // groups, and the directory is the user's alone.
  const mode_t pass = S_IXGRP | S_IXOTH;
  const bool lets_nobody_pass = is_scratch_ && is_mine(info) && (info.st_mode & pass) != pass;
  const bool may_be_passed = lets_nobody_pass && close_to_others(directory_);
  const int file =
      ::openat(directory_, name_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (file < 0) return;
  const std::string text = line + "\n";
  const bool written = ::write(file, text.data(), text.size()) >= 0;
  ::fchmod(file, 0644);  // whatever the umask
  ::close(file);
  if (written && may_be_passed) ::fchmod(directory_, (info.st_mode & 07777) | pass);
}

}  // namespace chos::starter
