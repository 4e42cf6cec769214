// SPDX-License-Identifier: BSD-3-Clause
#include "starter/session_program.h"

int main(int argc, char** argv) { return chos::starter::run_session_program(argc, argv, {}); }
