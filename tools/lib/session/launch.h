// SPDX-License-Identifier: BSD-3-Clause
// Going into an OS and becoming a program there.  After the switch nothing here makes libc load a
// library (NSS, locale, iconv): it would come from the other OS.
#pragma once

#include <string>
#include <vector>

#include "basic/messages.h"
#include "session/caller.h"

namespace chos {

/// Names of the working directory, the best first: $PWD, if it still leads here, is what the user
/// sees; getcwd(3) says where it really is.  Empty: it has none any more.
std::vector<std::string> working_directory(const Environment& environment);

/// Changes to the first of `names` that is there and returns it.  An Error says that the directory
/// cannot be reached in `os`.
Result<std::string> change_directory(const std::vector<std::string>& names, const std::string& os);

/// Moves this process to what was chosen, with the personality of it.  Nothing to do in the base OS
/// if that was chosen.  `warn` is told what could not be done and is no reason to stop.
Status enter_os(const Place& place, const Selection& chosen, const Messages& warn);

/// Why a program was not started, and the status to exit with: exit_cannot or exit_not_found.
struct NotStarted {
  int status;
  std::string why;
};

/// Becomes the program `file`, found by $PATH of `environ`, with `arguments` from argv[0] on; returns
/// only if that fails.
NotStarted exec_program(const std::string& file, std::vector<std::string> arguments, const std::string& os);

}  // namespace chos
