// SPDX-License-Identifier: BSD-3-Clause
// Replacing a file of another program's configuration, so that its reader sees the old one or the new one at
// any moment.
#pragma once

#include <sys/types.h>

#include <string>

#include "basic/files.h"
#include "basic/result.h"

namespace chos {

/// Opens a directory, which must belong to `trusted` and be writable by nobody else.
Result<UniqueFd> open_guarded(const std::string& path, uid_t trusted);

/// Replaces the file `name` of a directory: the new one is complete and on disk before it is renamed.
///
/// It gets the owner, mode and extended attributes (the SELinux label is one) of the file that `model` is
/// open on; if that is -1, it belongs to the caller and has mode 0644.  `path` is for messages.
Status replace_in(int directory, const std::string& name, const std::string& text, int model,
                  const std::string& path);

/// Replaces a file whose directory passes open_guarded(), or makes it, as replace_in() does.  If `path` is a
/// symbolic link, it stays one, and the file that it leads to is replaced in its own directory, which must
/// pass open_guarded() too.  Error: ENOENT if the link leads nowhere.
Status replace_file(const std::string& path, const std::string& text, uid_t trusted);

/// Makes the symbolic link `link`, below /run, lead to `text`, in one step; missing directories above it
/// are made with mode 0755.
Status replace_link(const std::string& link, const std::string& text);

}  // namespace chos
