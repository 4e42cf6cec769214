// SPDX-License-Identifier: BSD-3-Clause
// Trees of Debian releases, by mmdebstrap.
#pragma once

#include "build/builders.h"

namespace chos {

/// Makes the release in WORK/root, with its updates and security updates.
Result<Built> build_debian(const BuildContext& context);

}  // namespace chos
