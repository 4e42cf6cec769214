// SPDX-License-Identifier: BSD-3-Clause
// How chosctl shows that a tree is being made.
#pragma once

#include <chrono>
#include <string>

#include "basic/messages.h"
#include "basic/progress.h"
#include "basic/work_progress.h"

namespace chos::ctl {

/// One line that changes on a terminal; otherwise a line for each part, and one every ten seconds.
/// Everything goes to standard error.  Ends at SIGINT, SIGTERM and SIGHUP.
class OsProgress : public WorkProgress {
 public:
  OsProgress();
  ~OsProgress() override;

  void stage(const std::string& what) override;
  bool tick(const std::string& detail) override;
  void note(const std::string& text) override;
  /// Takes the changing line away, before something else is printed.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  bool terminal_;
  bool shown_ = false;
  std::string stage_;
  Clock::time_point began_, last_;
  Messages say_{"chosctl"};
};

/// Hears the steps of a reload, and passes on only what went wrong.
class QuietProgress : public Progress {
 public:
  explicit QuietProgress(OsProgress& shown) : shown_(shown) {}

  void step(const std::string& name, bool changed, const std::string& detail) override;
  void warning(const std::string& text) override;
  void failed(const std::string& name, const Error& error) override;
  void undone(const std::string& what, const Status& status) override;

 private:
  OsProgress& shown_;
  Messages say_{"chosctl"};
};

}  // namespace chos::ctl
