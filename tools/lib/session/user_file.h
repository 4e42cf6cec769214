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
    empty,     ///< only blanks
    unusable,  ///< `reason` says why
    chosen,    ///< `name` is what it holds; not yet compared with the allowlist
  };
  State state = State::absent;
  std::string path;
  std::string name;
  std::string reason;
};

/// The contents of a file as plain bytes, which a child process can send to its parent.
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
/// Opens only a regular file for reading (a link to one is followed), so it touches no device and never waits
/// for the writer of a FIFO.  Async-signal-safe: it allocates nothing.
RawUserFile fetch_user_file(const char* path) noexcept;

/// Interprets at most CHOS_PATH_MAX bytes.  A byte order mark at the start, and blanks and line ends at both
/// ends, are dropped.  A second line or a control character makes it unusable.  Pure; `path` is for the
/// messages.
UserFile interpret_user_file(const std::string& path, const RawUserFile& raw);

/// Fetches and interprets the file, for a program that runs as the user.
UserFile read_user_file(const std::string& path);

/// HOME/.chos.
std::string user_file_path(const std::string& home);

/// Writes `name` and a newline to a new file, syncs it and renames it to `path`, so that a reader sees either
/// the old file or the new one.  Mode 0644 less the umask.
Status write_user_file(const std::string& path, const std::string& name);

}  // namespace chos
