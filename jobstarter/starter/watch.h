// SPDX-License-Identifier: BSD-3-Clause
// Running a child on behalf of this process: signals are forwarded to it, and this process ends as it does.
#pragma once

#include <csignal>
#include <functional>
#include <set>

#include "basic/result.h"

namespace chos::starter {

class Watch {
 public:
  /// From here on children can be waited for, whatever the disposition of SIGCHLD was.
  Watch();

  /// Runs `become` in a child, which has the signal mask and the disposition of SIGCHLD that this
  /// process had, and is killed if this process is.  Returns its wait status when it has ended;
  /// signals are blocked then.
  ///
  /// Signals that are sent to this process are sent on to it; those of the terminal reach it
  /// anyway.  If it is stopped by the terminal's job control this process stops too.
  Result<int> run(const std::function<int()>& become);

 private:
  void restore() const;
  int wait_for(pid_t child) const;

  sigset_t awaited_, before_;
  struct sigaction child_before_;
};

/// Ends this process as the wait status says: with the exit status, or by the signal, without
/// another core file.
[[noreturn]] void end_as(int status);

/// Descriptors that are open now.
std::set<int> open_descriptors();

/// Closes, at exec, those that are not among `keep`.
void close_others_at_exec(const std::set<int>& keep);

}  // namespace chos::starter
