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
  std::string script;                  ///< a file of the scheduler's that the OS must show, or ""
};

/// What to run.  An Error: there is nothing to run.
///
/// Grid Engine says in the environment how a job is to be started (queue_conf(5)):
/// SGE_STARTER_SHELL_PATH, SGE_STARTER_SHELL_START_MODE and SGE_STARTER_USE_LOGIN_SHELL; a script is
/// told from a program by the directory that $SGE_JOB_SPOOL_DIR leads to.
Result<Job> job_of(Form form, const std::vector<std::string>& words, const Environment& environment);

/// The exit status that makes the scheduler hold a job which could not be started, where it has
/// one: 100 sets a job of Grid Engine into the error state; else 126.
int status_of_failure(Form form);

}  // namespace chos::starter
