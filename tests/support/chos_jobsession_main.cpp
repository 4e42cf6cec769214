// SPDX-License-Identifier: BSD-3-Clause
// chos_jobsession on other paths than those of the system.  Tests run it; it is not installed.
#include "paths_from_environment.h"
#include "starter/session_program.h"

int main(int argc, char** argv) {
  chos::starter::SessionPaths paths;
  chos::test::take_paths(paths);
  if (const auto path = chos::test::path_from_environment("CHOS_TEST_PAM_DIR"))
    paths.pam_directories = {*path};
  return chos::starter::run_session_program(argc, argv, paths);
}
