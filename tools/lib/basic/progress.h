// SPDX-License-Identifier: BSD-3-Clause
// What up, reload, down and watch tell their caller while they work.
#pragma once

#include <string>

#include "basic/result.h"

namespace chos {

/// What is said while up, down and reload work.
class Progress {
 public:
  virtual ~Progress() = default;
  /// A step is done; `changed` is false if there was nothing to do.
  virtual void step(const std::string& name, bool changed, const std::string& detail) = 0;
  virtual void warning(const std::string& text) = 0;
  /// A step failed.
  virtual void failed(const std::string& name, const Error& error) = 0;
  /// What was undone after a failure; `status` is of the undoing.
  virtual void undone(const std::string& what, const Status& status) = 0;
};

}  // namespace chos
