// SPDX-License-Identifier: BSD-3-Clause
// Running a program of the system and reading what it says.
#pragma once

#include <string>
#include <vector>

#include "basic/result.h"

namespace chos {

struct Ran {
  int status = 0;      ///< its exit status; 128 and the signal if one ended it
  std::string output;  ///< of the descriptor that was captured, without newlines at its end
};

/// Runs a program, found in the directories of root's PATH and never by $PATH, with no environment
/// but that PATH, and waits for it.  Captures `descriptor` (1 or 2), at most 64 KiB.  An Error if
/// there is no such program.
Result<Ran> run_captured(const std::vector<std::string>& arguments, int descriptor);

}  // namespace chos
