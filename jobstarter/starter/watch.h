// SPDX-License-Identifier: BSD-3-Clause
// Runs a child in place of this process: forwards signals to it, and ends this process as the child ended.
#pragma once

#include <csignal>
#include <functional>
#include <set>

#include "basic/result.h"

namespace chos::starter {

class Watch {
 public:
  /// Makes it possible to wait for children, whatever the disposition of SIGCHLD was.
  Watch();

  /// Runs `become` in a child, which has the signal mask and the disposition of SIGCHLD that this
  /// process had, and is killed if this process is.  Returns its wait status when it has ended;
  /// signals are blocked then.
  ///
  /// Signals that are sent to this process are forwarded to the child; signals of the terminal reach it
  /// anyway.  If the terminal's job control stops the child, this process stops too.
  Result<int> run(const std::function<int()>& become);

 private:
  void restore() const;
  int wait_for(pid_t child) const;

  sigset_t awaited_, before_;
  struct sigaction child_before_;
};

/// Ends this process as the wait status says: with that exit status, or by that signal but without another
/// core file.
[[noreturn]] void end_as(int status);

/// Descriptors that are open now.
std::set<int> open_descriptors();

/// Marks all descriptors except `keep` close-on-exec.
void close_others_at_exec(const std::set<int>& keep);

}  // namespace chos::starter
