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
  /// tell() returns `status`.  `log` is the socket of the system's log.  The socket and HTCondor's file are
  /// opened here, before the process enters an OS, because their paths may lead elsewhere there.
  Failure(int status, const std::string& log, const Environment& environment);

  /// Names the user in the log, which otherwise has the uid.
  void set_user(const std::string& name) { user_ = name; }

  /// Writes one line to standard error, to the log and for HTCondor.  Returns the exit status.
  int tell(const std::string& why, const std::string& remedy = {}) const;
  int tell(const Error& error) const { return tell(error.what, error.remedy); }

  /// Writes to the log only.
  void log(const std::string& text) const;

 private:
  int status_;
  Syslog journal_;
  WrapperError wrapper_error_;
  std::string user_;
};

}  // namespace chos::starter
