// SPDX-License-Identifier: BSD-3-Clause
// chosctl_test: chosctl on other paths than those of the system.  Tests run it; it is not installed.
#include "chosctl/run.h"
#include "path_from_environment.h"

int main(int argc, char** argv) {
  using chos::test::path_from_environment;
  chos::ctl::System system;
  if (const auto path = path_from_environment("CHOS_TEST_PROC")) system.kernel = chos::ProcChos(*path);
  if (const auto path = path_from_environment("CHOS_TEST_PAM_DIR")) {
    system.pam.directory = *path;
    system.pam.vendor.clear();
  }
  if (const auto path = path_from_environment("CHOS_TEST_PAM_BACKUPS")) system.pam.backups = *path;
  if (const auto path = path_from_environment("CHOS_TEST_BATCH_ROOT")) system.batch.root = *path;
  if (const auto path = path_from_environment("CHOS_TEST_BATCH_BACKUPS")) system.batch.backups = *path;
  if (const auto path = path_from_environment("CHOS_TEST_LOCKS")) {
    system.pam.lock = *path + "/pam.lock";
    system.batch.lock = *path + "/batch.lock";
  }
  return chos::ctl::run(argc, argv, system);
}
