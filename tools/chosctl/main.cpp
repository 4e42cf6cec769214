// SPDX-License-Identifier: BSD-3-Clause
#include "chosctl/run.h"

int main(int argc, char** argv) { return chos::ctl::run(argc, argv, {}); }
