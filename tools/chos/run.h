// SPDX-License-Identifier: BSD-3-Clause
// Enters an OS and executes the command or the login shell there.
#pragma once

#include "chos/context.h"

namespace chos::tool {

/// Returns only on failure, with the exit status.
int run(const Context& context);

}  // namespace chos::tool
