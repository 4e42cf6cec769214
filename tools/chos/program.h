// SPDX-License-Identifier: BSD-3-Clause
// The program chos(1), for its main() and that of the tests.
#pragma once

#include <string>
#include <vector>

#include "chos/context.h"

namespace chos::tool {

/// Does what `arguments`, without argv[0], ask for.  Returns the exit status, or becomes the command.
int run_program(const std::vector<std::string>& arguments, const ToolPaths& paths);

}  // namespace chos::tool
