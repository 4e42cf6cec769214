// SPDX-License-Identifier: BSD-3-Clause
// Entering an OS and becoming the command, or the login shell.
#pragma once

#include "chos/context.h"

namespace chos::tool {

/// Returns only if it could not: the exit status.
int run(const Context& context);

}  // namespace chos::tool
