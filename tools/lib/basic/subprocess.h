// SPDX-License-Identifier: BSD-3-Clause
// Running programs.  Each has /dev/null as its standard input, no descriptor of ours, a process group of its
// own, and a time limit after which that group is killed.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "basic/result.h"

namespace chos {

struct CommandOutput {
  int status = 0;        ///< its exit status; 128 plus the signal if one ended it
  std::string out, err;  ///< at most 1 MiB each, without newlines at the end

  /// What it said on standard error, or else on standard output; in one line, for a message.
  std::string said() const;
};

/// Runs a program with this process's environment.  The first argument names it: a path, or a name that
/// find_program() finds.
///
/// After `seconds` the program and what it started are killed.  The Error's code: ENOENT if there is no such
/// program, ETIMEDOUT if it did not end.
Result<CommandOutput> run_command(const std::vector<std::string>& arguments, double seconds);

/// The same for a program of the system: found in system_search_path and never by $PATH, and run with no
/// environment but that path.
Result<CommandOutput> run_system_command(const std::vector<std::string>& arguments, double seconds);

/// How run_program() runs a program.
struct ProgramRun {
  std::string program;                 ///< its path
  std::vector<std::string> arguments;  ///< all of them, beginning with argv[0]
  int directory = -1;                  ///< an open directory that it works in; -1: this process's
  double seconds = 0;                  ///< its time limit
  bool has_environment = true;         ///< it has this process's; else only PATH, system_search_path

  /// The program makes namespaces in which it and all that it starts end together (unshare --kill-child).
  /// It is killed when this process ends, and inherits the descriptors that are not closed by execve(2).
  /// When it is killed, the caller waits until all that it started has ended.
  bool is_contained = false;

  bool joins_output = false;  ///< standard error goes where standard output goes, in order
  /// Called with each part of what it writes to descriptor 1 or 2.
  std::function<void(int descriptor, std::string_view part)> output;

  /// Called twice a second and after each part; false: the program is killed.
  std::function<bool()> goes_on;
};

/// Runs a program to its end and returns its exit status; 128 plus the signal if one ended it.
/// The Error's code: ETIMEDOUT if it did not end in time, EINTR if goes_on() said no.
Result<int> run_program(const ProgramRun& run);

}  // namespace chos
