// SPDX-License-Identifier: BSD-3-Clause
// Trees from tar archives.
#pragma once

#include "build/builders.h"

namespace chos {

/// Unpacks the archive into WORK/root.
Result<Built> build_tar(const BuildContext& context);

}  // namespace chos
