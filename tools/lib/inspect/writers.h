// SPDX-License-Identifier: BSD-3-Clause
// Who besides root can change a file, and whom a directory shuts out: by owner, mode and POSIX ACLs.
#pragma once

#include <sys/stat.h>

#include <string>

namespace chos {

/// Those who can change a file or directory.  An owner can, whatever the mode is.
struct Writers {
  bool users = false;     ///< everybody, or an account or group of users
  bool services = false;  ///< an account or group of the system: IDs 1 to 999, but not the group of all users
  std::string text;       ///< "uid 1000, everybody"; empty: root alone

  bool none() const { return text.empty(); }
};

/// The writers of the regular file or directory that `fd` is open on, which may be O_PATH.  `info` is of
/// fstat().  With -1 for `fd`, as of a WalkEntry that is a mount, no ACL is looked at.
Writers writers_of(int fd, const struct stat& info);

/// Whether nobody but root can search a directory, or run a program.
bool shuts_users_out(int fd, const struct stat& info);

}  // namespace chos
