// SPDX-License-Identifier: BSD-3-Clause
// chos_jobstarter on other paths than those of the system.  Tests run it; it is not installed.
#include "paths_from_environment.h"
#include "starter/program.h"

int main(int argc, char** argv) {
  chos::starter::StarterPaths paths;
  chos::test::take_paths(paths);
  if (const auto path = chos::test::path_from_environment("CHOS_TEST_SESSION_PROGRAM"))
    paths.session_program = *path;
  return chos::starter::run_program({argv + (argc > 0 ? 1 : 0), argv + argc}, paths);
}
