// SPDX-License-Identifier: BSD-3-Clause
// Work done in a child process that the caller never blocks on.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "basic/files.h"
#include "basic/result.h"

namespace chos {

/// Work done in a child process that the caller never blocks on, since it may wait for a file server that is
/// down: until SIGALRM ends it, or for longer.  The process has no descriptor of this one, so it holds no
/// lock and no terminal.  Its parent is process 1: nobody here has to wait for its end.
class ChildWork {
 public:
  /// `work` has `seconds`, and `grace` more to end the commands that it runs.  It must not close descriptors
  /// that it has not opened: their numbers may be in use again.  An Error: there is no process or descriptor
  /// to be had, and nothing was done.  The work is never done in this process instead.
  static Result<ChildWork> start(const std::function<std::string()>& work, int seconds, int grace = 0);

  /// For poll(2): POLLIN or POLLHUP when there is something to read.
  int reader() const { return reader_.get(); }

  /// Reads what there is, without waiting.  Returns whether the process has ended.
  bool ended();

  /// What `work` has returned, once the process has ended.  Nothing: it was killed.
  std::optional<std::string> said() const;

 private:
  explicit ChildWork(UniqueFd reader) : reader_(std::move(reader)) {}

  UniqueFd reader_;
  std::string said_;
};

/// Starts such work and waits for it that many seconds.  The Error's code: ETIMEDOUT if it has not returned
/// in time, ECHILD if its process was ended before, another one if it was not begun.
Result<std::string> do_in_child(const std::function<std::string()>& work, int seconds, int grace = 0);

}  // namespace chos
