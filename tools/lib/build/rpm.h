// SPDX-License-Identifier: BSD-3-Clause
// Trees of RPM packages, by dnf or rpm.
#pragma once

#include "build/builders.h"

namespace chos {

/// Installs the packages in WORK/root.
Result<Built> build_rpm(const BuildContext& context);

}  // namespace chos
