// SPDX-License-Identifier: BSD-3-Clause
// chos-base where a directory stands for /proc/chos.  Tests run it; it is not installed.
#include "chos-base/run.h"
#include "paths_from_environment.h"

int main(int argc, char** argv) {
  chos::Paths paths;
  chos::test::take_paths(paths);
  return chos::base::run_program({argv, argv + argc}, chos::ProcChos(paths.proc));
}
