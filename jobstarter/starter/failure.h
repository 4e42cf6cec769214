// SPDX-License-Identifier: BSD-3-Clause
// Reports why a job was not started.
#pragma once

#include <string>

#include "basic/result.h"
#include "basic/syslog.h"
#include "session/environment.h"
#include "starter/wrapper_error.h"

namespace chos::starter {

inline constexpr const char* program = "chos_jobstarter";

class Failure {
 public:
  /// `status`: what tell() returns.  `log`: the socket of the system's log.  It and what HTCondor wants
  /// to know are opened here, before a switch: they may lead elsewhere after it.
  Failure(int status, const std::string& log, const Environment& environment);

  /// By name in the log; else by number.
  void set_user(const std::string& name) { user_ = name; }

  /// One line on standard error, in the log, and to HTCondor; returns the status to exit with.
  int tell(const std::string& why, const std::string& remedy = {}) const;
  int tell(const Error& error) const { return tell(error.what, error.remedy); }

  /// In the log only.
  void log(const std::string& text) const;

 private:
  int status_;
  Syslog journal_;
  WrapperError wrapper_error_;
  std::string user_;
};

}  // namespace chos::starter
