// SPDX-License-Identifier: BSD-3-Clause
// Progress of chosctl os while it makes, verifies or packs a tree.
#pragma once

#include <chrono>
#include <string>

#include "basic/messages.h"
#include "basic/progress.h"
#include "basic/work_progress.h"

namespace chos::ctl {

/// Shows one changing line on a terminal; otherwise one line for each stage and one every ten seconds.
/// Writes to standard error.  tick() returns false after SIGINT, SIGTERM or SIGHUP.
class OsProgress : public WorkProgress {
 public:
  OsProgress();
  ~OsProgress() override;

  void stage(const std::string& what) override;
  bool tick(const std::string& detail) override;
  void note(const std::string& text) override;
  /// Removes the changing line, before something else is printed.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  bool terminal_;
  bool shown_ = false;
  std::string stage_;
  Clock::time_point began_, last_;
};

/// Prints only the warnings and failures of a reload.
class QuietProgress : public Progress {
 public:
  explicit QuietProgress(OsProgress& shown) : shown_(shown) {}

  void step(const std::string& name, bool changed, const std::string& detail) override;
  void warning(const std::string& text) override;
  void failed(const std::string& name, const Error& error) override;
  void undone(const std::string& what, const Status& status) override;

 private:
  OsProgress& shown_;
};

}  // namespace chos::ctl
