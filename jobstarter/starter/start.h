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

/// Becomes the job; returns the status to exit with if it was not started.  Says why on standard
/// error, in one line, and in the system's log.
///
/// Process id, arguments, descriptors, limits, signal dispositions and the environment stay as they
/// were; but CHOS is set to the OS, where another rule than $CHOS has chosen it, and what HTCondor
/// tells its wrappers alone is taken out.
int start(const Options& options, const StarterPaths& paths);

}  // namespace chos::starter
