// SPDX-License-Identifier: BSD-3-Clause
// Replacing a file of somebody else's configuration, so that at any moment its reader sees the old
// one or the new one.
#pragma once

#include <sys/types.h>

#include <string>

#include "basic/files.h"
#include "basic/result.h"

namespace chos {

/// Opens a directory, which must belong to `trusted` and be writable by nobody else.
Result<UniqueFd> open_guarded(const std::string& path, uid_t trusted);

/// Makes a directory, and what is missing above it, with mode 0700.
Status make_directories(const std::string& path);

/// Puts a new file in the place of `name`: complete and on disk first, then renamed.
///
/// It gets owner, mode and extended attributes (the SELinux label is one) of what `model` is open
/// on; with -1 it is the caller's, mode 0644.  `path` is for messages.
Status replace_in(int directory, const std::string& name, const std::string& text, int model,
                  const std::string& path);

}  // namespace chos
