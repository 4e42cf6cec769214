// SPDX-License-Identifier: BSD-3-Clause
#include "chos-base/run.h"

int main(int argc, char** argv) { return chos::base::run_program({argv, argv + argc}, chos::ProcChos()); }
