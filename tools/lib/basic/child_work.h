// SPDX-License-Identifier: BSD-3-Clause
// Work that may wait for a file server for good.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "basic/files.h"
#include "basic/result.h"

namespace chos {

/// Work that a process of its own does, which nobody waits for.  On a server that is down it is stuck
/// until SIGALRM ends it, or for longer.  It has no descriptor of this one, so it holds no lock and no
/// terminal.
class ChildWork {
 public:
  /// `work` has that many seconds, and `grace` more to end the commands that it runs.  Error: there is no
  /// process or descriptor to be had, and nothing was done.  Here it is never done instead.
  static Result<ChildWork> start(const std::function<std::string()>& work, int seconds, int grace = 0);

  /// For poll(2): POLLIN or POLLHUP when there is something to hear.
  int reader() const { return reader_.get(); }

  /// Hears what there is, without waiting.  Whether the process has ended.
  bool ended();

  /// What `work` has returned, when it has ended; none: it was killed.
  std::optional<std::string> said() const;

 private:
  explicit ChildWork(int reader) : reader_(reader) {}

  UniqueFd reader_;
  std::string said_;
};

/// The same, waited for that many seconds.  Error ETIMEDOUT: it has not returned; another code: it was not
/// begun.
Result<std::string> do_in_child(const std::function<std::string()>& work, int seconds, int grace = 0);

}  // namespace chos
