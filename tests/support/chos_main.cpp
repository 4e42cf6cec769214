// SPDX-License-Identifier: BSD-3-Clause
// chos_test: chos on other paths than those of the system.  Tests run it; it is not installed.
#include "chos/program.h"
#include "paths_from_environment.h"

int main(int argc, char** argv) {
  chos::tool::ToolPaths paths;
  chos::test::take_paths(paths);
  if (const auto path = chos::test::path_from_environment("CHOS_TEST_CONFIG")) paths.config = *path;
  return chos::tool::run_program({argv + (argc > 0 ? 1 : 0), argv + argc}, paths);
}
