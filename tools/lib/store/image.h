// SPDX-License-Identifier: BSD-3-Clause
// Images of file systems: their type, and mounting them.
#pragma once

#include <string>

#include "basic/result.h"

namespace chos {

/// "squashfs" or "erofs", by the superblock.  An Error if a file is neither, or shorter than its
/// superblock says.  `file` names it in messages.
Result<std::string> image_type(int fd, const std::string& file);

/// Mounts an image on a directory: read-only, nosuid, nodev.
Status mount_image(const std::string& file, const std::string& type, const std::string& target);

}  // namespace chos
