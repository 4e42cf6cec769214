// SPDX-License-Identifier: BSD-3-Clause
// What the commands of chosctl say on the terminal: the steps of their work, and who may run them.
#pragma once

#include <string>

#include "basic/lock.h"
#include "basic/messages.h"
#include "basic/progress.h"
#include "kernel/proc_chos.h"

namespace chos::ctl {

/// All messages of chosctl on standard error.
inline const Messages say("chosctl");

/// A line for each step: "+" something was done, "=" it was so already.
class Console : public Progress {
 public:
  explicit Console(std::string command);

  void step(const std::string& name, bool changed, const std::string& detail) override;
  void warning(const std::string& text) override;
  void failed(const std::string& name, const Error& error) override;
  void undone(const std::string& what, const Status& status) override;

  bool changed() const { return changed_; }

 private:
  std::string command_;
  bool colour_;
  bool changed_ = false;
};

/// Waits for a lock as long as usual, and says for which process.
LockOptions wait_for_lock();

/// Whether the caller is root and in the base OS.  Otherwise prints what to run instead, by the
/// `command_line` that was given to chosctl.
bool is_root_in_base(const ProcChos& kernel, const std::string& command_line);

}  // namespace chos::ctl
