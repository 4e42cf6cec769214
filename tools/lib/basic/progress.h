// SPDX-License-Identifier: BSD-3-Clause
// Reports of up, reload, down and watch to their caller while they work.
#pragma once

#include <string>

#include "basic/result.h"

namespace chos {

/// Receives the reports.
class Progress {
 public:
  virtual ~Progress() = default;
  /// A step is done; `changed` is false if there was nothing to do.
  virtual void step(const std::string& name, bool changed, const std::string& detail) = 0;
  virtual void warning(const std::string& text) = 0;
  /// A step failed.
  virtual void failed(const std::string& name, const Error& error) = 0;
  /// A step was undone after a failure; `status` says whether that worked.
  virtual void undone(const std::string& what, const Status& status) = 0;
};

}  // namespace chos
