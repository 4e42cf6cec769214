// SPDX-License-Identifier: BSD-3-Clause
// ~/.chos: one line, the name of an OS or an allow-listed path.
#pragma once

#include <string>

#include "lib/result.h"

namespace chos {

inline constexpr const char* user_file_name = ".chos";

struct UserFile {
  enum class State {
    absent,    ///< no such file, or no home
    empty,     ///< nothing but blanks
    unusable,  ///< `reason` says why
    chosen,    ///< `name` is what it holds; not yet compared with the allowlist
  };
  State state = State::absent;
  std::string path;
  std::string name;
  std::string reason;
};

/// Reads the file with the rights of the caller; privileged programs drop theirs first.
///
/// Never waits and touches no device: only a regular file is opened for reading (a link to one
/// is followed).  At most CHOS_PATH_MAX bytes; a byte order mark at the start, blanks and line
/// ends at both ends are dropped.  A second line or a control character makes it unusable.
UserFile read_user_file(const std::string& path);

/// HOME/.chos.
std::string user_file_path(const std::string& home);

/// Writes `name` and a newline: a new file beside it, synced, then renamed over it, so that a
/// reader sees the old one or the new one.  Mode 0644 less the umask.
Status write_user_file(const std::string& path, const std::string& name);

}  // namespace chos
