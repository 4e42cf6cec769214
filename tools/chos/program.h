// SPDX-License-Identifier: BSD-3-Clause
// The program chos(1), called by its main() and by the main() of the tests.
#pragma once

#include <string>
#include <vector>

#include "chos/context.h"

namespace chos::tool {

/// Runs chos with `arguments`, which exclude argv[0].  Returns the exit status, unless the process becomes
/// the command.
int run_program(const std::vector<std::string>& arguments, const ToolPaths& paths);

}  // namespace chos::tool
