// SPDX-License-Identifier: BSD-3-Clause
// Running the programs that make trees: for minutes, with progress, and never beyond our own life.
#pragma once

#include <string>
#include <vector>

#include "basic/result.h"
#include "basic/work_progress.h"

namespace chos {

/// Runs a program with its output appended to the file `log`; the progress shows its last line.
///
/// It has PID and mount namespaces of its own, so that when chosctl ends in any way, everything it
/// started ends too and nothing that it mounted stays.  An Error if it is not there (code ENOENT),
/// fails (its last lines are in the message) or was interrupted (EINTR).
Status run_logged(const std::vector<std::string>& arguments, const std::string& log, WorkProgress& progress);

/// The same for a program that works in the open directory `directory`, and for an open log; `log_name` is
/// for messages.
Status run_logged_in(int directory, const std::vector<std::string>& arguments, int log,
                     const std::string& log_name, WorkProgress& progress);

/// The error for a program that is needed and not there.
Error missing_program(const std::string& name, const std::string& package);

}  // namespace chos
