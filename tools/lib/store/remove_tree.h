// SPDX-License-Identifier: BSD-3-Clause
// Deleting a whole tree without reaching another file system, whatever users have made in it or still make.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "basic/result.h"

namespace chos {

/// Called now and then with the number of entries that were removed.  Returns false if the removal is to
/// stop.
using RemoveProgress = std::function<bool(std::uint64_t removed)>;

/// Directories in each other that remove_tree() removes at most.
inline constexpr unsigned deepest_removal = 1'000'000;

/// Removes the directory or file at `path`.  Succeeds if there is none.
///
/// Refuses, with nothing removed, if anything is mounted on it or below (code EBUSY): a forgotten
/// bind mount of a home must not be emptied.  What is mounted later is not entered.  No symbolic link is
/// followed.  The number of descriptors does not depend on the depth of the tree.
///
/// Directories become this user's with mode 0700 first, so that a process in one of them cannot keep it from
/// becoming empty.  Fails with code EBUSY for a directory that is filled again and again nevertheless, with
/// ELOOP for more than `deepest` directories in each other, with EINTR if `progress` says so.
Status remove_tree(const std::string& path, const RemoveProgress& progress = {},
                   unsigned deepest = deepest_removal);

/// Detaches everything that is mounted at `path` and below, including mounts that others hide.
Status unmount_below(const std::string& path);

}  // namespace chos
