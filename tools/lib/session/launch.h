// SPDX-License-Identifier: BSD-3-Clause
// Entering an OS and executing a program there.  After the switch nothing here makes libc load a library
// (NSS, locale, iconv), because the library would come from the other OS.
#pragma once

#include <string>
#include <vector>

#include "basic/messages.h"
#include "session/caller.h"

namespace chos {

/// Names of the working directory, the preferred one first: $PWD, the name that the user sees, if it still
/// leads here; then the one of getcwd(3).  Empty if the directory was removed.
std::vector<std::string> working_directory(const Environment& environment);

/// Changes to the first of `names` that exists and returns it.  An Error says that the directory cannot be
/// reached in `os`.
Result<std::string> change_directory(const std::vector<std::string>& names, const std::string& os);

/// Moves this process to the chosen OS and sets the personality (session/persona.h).  A no-op if the base OS
/// was chosen and the process is in it.  `warn` gets failures that do not stop the move.
Status enter_os(const Place& place, const Selection& chosen, const Messages& warn);

/// The reason why a program was not started, and the exit status: exit_cannot or exit_not_found.
struct NotStarted {
  int status;
  std::string why;
};

/// Executes `file`, looked up in $PATH of `environ`, with `arguments` from argv[0] on.  Returns only on
/// failure.
NotStarted exec_program(const std::string& file, std::vector<std::string> arguments, const std::string& os);

}  // namespace chos
