// SPDX-License-Identifier: BSD-3-Clause
// The system's log, through a socket of our own: syslog(3) would change the application's settings, and after
// a switch it would read the time zone of the other OS.
#pragma once

#include <string>

#include "basic/files.h"

namespace chos {

class Syslog {
 public:
  /// Lines begin with "PROGRAM[PID]: (SERVICE) ".  `socket` is /dev/log, except in tests.  If it cannot be
  /// connected, the lines are lost; that is not an error.
  Syslog(const std::string& program, const std::string& service, const char* socket = "/dev/log");

  /// `priority` is LOG_INFO ...; the facility is authpriv.
  void write(int priority, const std::string& text) const { send(line(priority, text)); }

  /// In two steps, for a caller that may not allocate when it sends.  Control characters are escaped.
  std::string line(int priority, const std::string& text) const;
  void send(const std::string& line) const noexcept;

 private:
  std::string program_, service_;
  UniqueFd socket_;
};

}  // namespace chos
