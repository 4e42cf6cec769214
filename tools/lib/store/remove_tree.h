// SPDX-License-Identifier: BSD-3-Clause
// Deleting a whole tree without ever reaching another file system.
#pragma once

#include <string>

#include "basic/result.h"

namespace chos {

/// Removes what is at `path`, a directory with all below it or a file; nothing there is fine.
///
/// Refuses, with nothing removed, if anything is mounted on it or below (code EBUSY): a forgotten
/// bind mount of a home must not be emptied.  No symbolic link is followed.
Status remove_tree(const std::string& path);

/// Unmounts what is mounted at `path` and below, at once, also what other mounts hide there.
Status unmount_below(const std::string& path);

}  // namespace chos
