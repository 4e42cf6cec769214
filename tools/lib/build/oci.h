// SPDX-License-Identifier: BSD-3-Clause
// Trees of container images, by skopeo and umoci.
#pragma once

#include "build/builders.h"

namespace chos {

/// Unpacks the layers of the image into WORK/bundle/rootfs.
Result<Built> build_oci(const BuildContext& context);

}  // namespace chos
