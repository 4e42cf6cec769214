// SPDX-License-Identifier: BSD-3-Clause
// What every child process of ours has in common: what it keeps of its parent, and how it ends.
#pragma once

#include <sys/types.h>

#include "basic/files.h"
#include "basic/result.h"

namespace chos {

/// A pipe whose ends are closed by execve(2) and are no standard stream, even in a process that has none.
struct Pipe {
  UniqueFd reader, writer;
};
Result<Pipe> make_pipe();

/// Descriptors that a child keeps.
struct ChildDescriptors {
  int output = -1;  ///< becomes standard output; -1: /dev/null
  int error = -1;   ///< becomes standard error; -1: /dev/null
  int kept = -1;    ///< stays open under its own number, until execve(2)
  /// Leave those open that execve(2) would not close.  Otherwise all others are closed now.
  bool keeps_inheritable = false;
};

/// To be called in a child right after fork(2): standard input becomes /dev/null, no signal is blocked, and
/// SIGALRM and SIGPIPE do what they do by default.  Only makes calls that are safe there, and allocates
/// nothing.  False, with errno set, if it fails.
bool set_up_child(const ChildDescriptors& descriptors) noexcept;

/// Has execve(2) close every descriptor from `first` on that is open now: what this process has inherited
/// goes to no program that it runs.
void close_at_exec(int first);

/// Waits for a child and returns its status as waitpid(2) gives it; -1 if another part of this process has
/// waited for it already.
int wait_for_child(pid_t child) noexcept;

/// The exit status in the status that waitpid(2) gives; 128 plus the signal if one ended the process.
int exit_status_of(int status) noexcept;

}  // namespace chos
