// SPDX-License-Identifier: BSD-3-Clause
// The program chos_jobsession, called by its main() and by the main() of the tests. chos_jobstarter --pam
// executes it.
//
// It is a separate program because PAM loads modules, which a static program cannot do, and because jobs
// without --pam should not wait for libraries to be loaded.
#pragma once

#include "session/paths.h"
#include "starter/pam_session.h"

namespace chos::starter {

/// The system's files that chos_jobsession uses.
struct SessionPaths : Paths {
  PamFiles pam;
};

/// chos_jobsession STATUS SERVICE COMMAND [ARGUMENT...]
///
/// Opens a session of the PAM service SERVICE, runs COMMAND (chos_jobstarter again, without --pam, which
/// enters the OS), and closes the session when COMMAND has ended.  STATUS is the exit status if the job
/// was not started.  This process never enters an OS, so PAM finds its modules and their files.
int run_session_program(int argc, char** argv, const SessionPaths& paths);

}  // namespace chos::starter
