// SPDX-License-Identifier: BSD-3-Clause
// How chosctl shows the steps of its work.
#pragma once

#include "basic/messages.h"
#include "basic/progress.h"

namespace chos::ctl {

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
  Messages say_{"chosctl"};
  bool colour_;
  bool changed_ = false;
};

}  // namespace chos::ctl
