// SPDX-License-Identifier: BSD-3-Clause
// Leaving the OS and becoming a command of the base OS.
#pragma once

#include <string>
#include <vector>

#include "chos-base/options.h"
#include "kernel/proc_chos.h"

namespace chos::base {

/// A name of a directory in an OS as the base OS has it: what is below the farm's `local` there is
/// the base's own.
std::string name_in_base(const std::string& directory);

/// Where the base OS is searched for a command: $PATH, then the standard directories.
std::string search_path(const char* path);

/// Leaves the OS, if the process is in one, goes back to the working directory by its name and
/// becomes the command; returns the status to exit with if it could not, having said why in one
/// line on standard error.
///
/// Arguments, descriptors, signals and environment stay; but CHOS, unset or empty, becomes the OS
/// left, and the personality linux32 of a 32-bit OS does not go along.
int run(const Request& request, const ProcChos& kernel);

/// The program chos-base(1), for its main() and that of the tests: run() for the whole of argv.
int run_program(const std::vector<std::string>& argv, const ProcChos& kernel);

}  // namespace chos::base
