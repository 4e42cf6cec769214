// SPDX-License-Identifier: BSD-3-Clause
// Adds, in layers, what the OSs show and their trees lack: the links of tree/links.h and mount points for
// shares.
#pragma once

#include "basic/result.h"
#include "farm/work.h"
#include "tree/share.h"

namespace chos {

Status show_layers(const FarmWork& work, const SharedPaths& shares);

}  // namespace chos
