// SPDX-License-Identifier: BSD-3-Clause
// Leaves the OS and executes a command of the base OS.
#pragma once

#include <string>
#include <vector>

#include "chos-base/options.h"
#include "kernel/proc_chos.h"

namespace chos::base {

/// Translates the name of a directory in an OS to its name in the base OS, whose own files are below /local
/// in an OS.
std::string name_in_base(const std::string& directory);

/// The directories in which the base OS is searched for a command: $PATH, then the standard directories.
std::string search_path(const char* path);

/// Leaves the OS, if the process is in one, returns to the working directory by its name and executes the
/// command.  On failure writes one line to standard error and returns the exit status.
///
/// Arguments, descriptors, signals and environment are unchanged, with two exceptions: CHOS is set to the OS
/// that was left if it was unset or empty, and the personality linux32 of a 32-bit OS is dropped.
int run(const Request& request, const ProcChos& kernel);

/// The program chos-base(1), called by its main() and by the main() of the tests.  `argv` includes argv[0].
int run_program(const std::vector<std::string>& argv, const ProcChos& kernel);

}  // namespace chos::base
