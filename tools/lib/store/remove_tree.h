// SPDX-License-Identifier: BSD-3-Clause
// Deleting a whole tree without reaching another file system.
#pragma once

#include <string>

#include "basic/result.h"

namespace chos {

/// Removes the directory or file at `path`.  Succeeds if there is none.
///
/// Refuses, with nothing removed, if anything is mounted on it or below (code EBUSY): a forgotten
/// bind mount of a home must not be emptied.  No symbolic link is followed.
Status remove_tree(const std::string& path);

/// Detaches everything that is mounted at `path` and below, including mounts that others hide.
Status unmount_below(const std::string& path);

}  // namespace chos
