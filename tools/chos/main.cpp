// SPDX-License-Identifier: BSD-3-Clause
#include "chos/program.h"

int main(int argc, char** argv) {
  return chos::tool::run_program({argv + (argc > 0 ? 1 : 0), argv + argc}, {});
}
