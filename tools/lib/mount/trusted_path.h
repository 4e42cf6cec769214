// SPDX-License-Identifier: BSD-3-Clause
// Opening a directory by a path that only root can lead elsewhere, as sshd(8) asks of ChrootDirectory.
#pragma once

#include <sys/types.h>

#include <string>

#include "basic/files.h"
#include "basic/result.h"

namespace chos {

/// Opens the directory at an absolute path with O_PATH.  Symbolic links are followed, and automounts are
/// triggered.
///
/// Each directory that is passed must belong to `trusted` (root, except in tests) and be writable by nobody
/// else: whoever may write in one could put another directory in the place of the next.  A group may write
/// only if it is root's and no ACL lets others write.  The directory at the path itself is not judged.  It is
/// examined on the descriptors of the walk, so what is returned is what was checked.  Code EPERM: a directory
/// on the way fails the check.
Result<UniqueFd> open_trusted_path(const std::string& path, uid_t trusted = 0);

}  // namespace chos
