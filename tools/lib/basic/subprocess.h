// SPDX-License-Identifier: BSD-3-Clause
// Running a command of a batch system, which may wait for a daemon that is down.
#pragma once

#include <string>
#include <vector>

#include "basic/result.h"

namespace chos {

struct CommandOutput {
  int status = 0;        ///< its exit status; 128 and the signal if one ended it
  std::string out, err;  ///< at most 1 MiB each, without newlines at the end

  /// What it said on standard error, else on standard output; in one line, for a message.
  std::string said() const;
};

/// The path of a program: looked for in $PATH, then in the directories of root's.  "" if there is
/// none.
std::string find_command(const std::string& name);

/// Runs it with this process's environment and nothing on standard input.
///
/// After `seconds` it and what it started are killed.  The Error's code: ENOENT there is no such
/// program, ETIMEDOUT it did not end.
Result<CommandOutput> run_command(const std::vector<std::string>& arguments, double seconds);

}  // namespace chos
