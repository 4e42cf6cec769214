// SPDX-License-Identifier: BSD-3-Clause
// chos_jobsession on other paths than those of the system.  Tests run it; it is not installed.
#include <security/pam_appl.h>

#include "paths_from_environment.h"
#include "starter/session_program.h"

int main(int argc, char** argv) {
  chos::starter::SessionPaths paths;
  chos::test::take_paths(paths);
  if (const auto path = chos::test::path_from_environment("CHOS_TEST_PAM_DIR")) {
    paths.pam.directories = {*path};
    paths.pam.start = [directory = *path](const char* service, const char* user, const pam_conv* conversation,
                                          pam_handle_t** handle) {
      return ::pam_start_confdir(service, user, conversation, directory.c_str(), handle);
    };
  }
  return chos::starter::run_session_program(argc, argv, paths);
}
