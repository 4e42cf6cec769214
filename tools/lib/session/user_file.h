// SPDX-License-Identifier: BSD-3-Clause
// ~/.chos: one line, the name of an OS or an allow-listed path.
#pragma once

#include <chos/abi.h>
#include <sys/types.h>

#include <string>

#include "basic/result.h"

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

/// What is at a path, as plain bytes: a child process can send it to its parent.
struct RawUserFile {
  enum class Found : unsigned char {
    nothing,      ///< no such file
    dangling,     ///< a symbolic link that leads nowhere
    not_regular,  ///< `mode` says what instead
    too_big,      ///< `size` bytes
    unreadable,   ///< `code` is the errno
    bytes,        ///< `length` bytes of `data`
  };
  Found found = Found::nothing;
  int code = 0;
  mode_t mode = 0;
  off_t size = 0;
  unsigned length = 0;
  char data[CHOS_PATH_MAX + 1] = {};
};

/// Reads the file with the rights of the caller.
///
/// Touches no device and waits for no writer of a FIFO: only a regular file is opened for reading
/// (a link to one is followed).  Async-signal-safe: it allocates nothing.
RawUserFile fetch_user_file(const char* path) noexcept;

/// What the bytes mean.  At most CHOS_PATH_MAX of them; a byte order mark at the start, blanks and
/// line ends at both ends are dropped.  A second line or a control character makes it unusable.
/// Pure; `path` is for the messages.
UserFile interpret_user_file(const std::string& path, const RawUserFile& raw);

/// Both: for a program that runs as the user.
UserFile read_user_file(const std::string& path);

/// HOME/.chos.
std::string user_file_path(const std::string& home);

/// Writes `name` and a newline: a new file beside it, synced, then renamed over it, so that a
/// reader sees the old one or the new one.  Mode 0644 less the umask.
Status write_user_file(const std::string& path, const std::string& name);

}  // namespace chos
