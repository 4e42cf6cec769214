// SPDX-License-Identifier: BSD-3-Clause
#include "starter/program.h"

int main(int argc, char** argv) {
  return chos::starter::run_program({argv + (argc > 0 ? 1 : 0), argv + argc}, {});
}
