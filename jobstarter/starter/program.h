// SPDX-License-Identifier: BSD-3-Clause
// The program chos_jobstarter(8), called by its main() and by the main() of the tests.
#pragma once

#include <string>
#include <vector>

#include "starter/start.h"

namespace chos::starter {

/// Starts the job that `arguments`, which exclude argv[0], name.  Returns the exit status, unless the process
/// becomes the job.
int run_program(std::vector<std::string> arguments, const StarterPaths& paths);

}  // namespace chos::starter
