// SPDX-License-Identifier: BSD-3-Clause
#include "starter/wrapper_error.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/files.h"

namespace chos::starter {
namespace {

bool is_mine(const struct stat& info) { return info.st_uid == ::geteuid(); }

// Closes the contents of the directory to others, before they may search it.  False: some are still open.
bool close_to_others(int directory) {
  const auto names = names_in(directory);
  if (!names) return false;
  bool closed = true;
  for (const auto& name : *names) {
    struct stat info {};
    if (::fstatat(directory, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0 || S_ISLNK(info.st_mode) ||
        !is_mine(info))
      continue;
    if (::fchmodat(directory, name.c_str(), info.st_mode & 0700, 0) != 0) closed = false;
  }
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
  directory_.reset(::open(path->substr(0, slash + 1).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

void WrapperError::write(const std::string& line) const {
  struct stat info {};
  const int directory = directory_.get();
  if (!directory_ || ::fstat(directory, &info) != 0) return;
  // HTCondor 23.9 looks for the file with the rights of its own account, which may have the user's
  // groups, and the directory is the user's alone.
  const mode_t pass = S_IXGRP | S_IXOTH;
  const bool lets_nobody_pass = is_scratch_ && is_mine(info) && (info.st_mode & pass) != pass;
  const bool may_be_passed = lets_nobody_pass && close_to_others(directory);
  const UniqueFd file(
      ::openat(directory, name_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!file) return;
  const bool written = write_all(file.get(), line + "\n");
  ::fchmod(file.get(), 0644);  // whatever the umask
  if (written && may_be_passed) ::fchmod(directory, (info.st_mode & 07777) | pass);
}

}  // namespace chos::starter
