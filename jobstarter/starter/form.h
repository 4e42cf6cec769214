// SPDX-License-Identifier: BSD-3-Clause
// How each batch system passes a job to its starter, and the command that follows from it.  Pure.
#pragma once

#include <string>
#include <vector>

#include "basic/result.h"
#include "session/environment.h"

namespace chos::starter {

enum class Form {
  plain,  ///< the job's argv: HTCondor's USER_JOB_WRAPPER, Torque's $job_starter, OpenPBS
  sge,    ///< Grid Engine's starter_method, in its five modes
  lsf,    ///< one line for the shell: LSF's JOB_STARTER
};

struct Job {
  std::string file;                    ///< the program; looked up in $PATH if it has no slash
  std::vector<std::string> arguments;  ///< from argv[0] on
  std::string script;  ///< the scheduler's copy of the script, which must be visible in the OS; or ""
};

/// The job to run, or an Error if there is nothing to run.
///
/// In Grid Engine, environment variables say how to start a job (queue_conf(5)): SGE_STARTER_SHELL_PATH,
/// SGE_STARTER_SHELL_START_MODE and SGE_STARTER_USE_LOGIN_SHELL; the directory that $SGE_JOB_SPOOL_DIR leads
/// to distinguishes a script from a program.
Result<Job> job_of(Form form, const std::vector<std::string>& words, const Environment& environment);

/// The exit status for a job that could not be started: 100 in Grid Engine, which puts the job into the error
/// state, otherwise 126.
int status_of_failure(Form form);

}  // namespace chos::starter
