// SPDX-License-Identifier: BSD-3-Clause
// The directories of the base OS that the farm shows.
#pragma once

#include "basic/result.h"
#include "farm/work.h"

namespace chos {

/// Binds each `dir` of the layout that the base OS has, as a slave of the base's mount.  A directory whose
/// server does not answer is left as it is, with a warning.
Status bind_directories(const FarmWork& work);

}  // namespace chos
