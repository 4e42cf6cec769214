// SPDX-License-Identifier: BSD-3-Clause
// Trees in squashfs and erofs images.
#pragma once

#include "build/builders.h"

namespace chos {

/// Copies the image to WORK/image and mounts it read-only on WORK/mount.
Result<Built> build_image(const BuildContext& context);

}  // namespace chos
