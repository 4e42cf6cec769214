// SPDX-License-Identifier: BSD-3-Clause
// Trees of container images.
#pragma once

#include "build/builders.h"

namespace chos {

Result<Built> build_oci(const BuildContext& context);

}  // namespace chos
