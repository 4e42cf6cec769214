// SPDX-License-Identifier: BSD-3-Clause
// chosctl as a function.
#pragma once

#include "batch/node.h"
#include "kernel/proc_chos.h"
#include "pamd/files.h"

namespace chos::ctl {

/// The parts of the system that chosctl works on.  Tests give others.
struct System {
  ProcChos kernel = ProcChos();
  PamPaths pam;
  BatchNode batch;
};

/// Runs chosctl with the arguments of its main() and returns the exit status.
int run(int argc, const char* const* argv, const System& system);

}  // namespace chos::ctl
