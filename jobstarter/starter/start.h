// SPDX-License-Identifier: BSD-3-Clause
// Starting a job: choose, check, enter, return to the job's directory, become the job.
#pragma once

#include <string>

#include "session/paths.h"
#include "starter/options.h"

namespace chos::starter {

/// The system's files that chos_jobstarter uses.
struct StarterPaths : Paths {
  std::string session_program = CHOS_SESSION_PROGRAM;  ///< chos_jobsession, for --pam
};

/// Executes the job.  On failure writes one line to standard error and to the system's log, and returns the
/// exit status.
///
/// Process id, arguments, descriptors, limits, signal dispositions and the environment are unchanged, with
/// two exceptions: CHOS is set to the OS if another rule than $CHOS chose it, and HTCondor's variable for
/// wrappers is removed.
int start(const Options& options, const StarterPaths& paths);

}  // namespace chos::starter
