// SPDX-License-Identifier: BSD-3-Clause
// The program chos_jobstarter(8), for its main() and that of the tests.
#pragma once

#include <string>
#include <vector>

#include "starter/start.h"

namespace chos::starter {

/// Starts the job that `arguments`, without argv[0], name.  Becomes the job, or returns the exit status.
int run_program(std::vector<std::string> arguments, const StarterPaths& paths);

}  // namespace chos::starter
