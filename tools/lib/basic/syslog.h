// SPDX-License-Identifier: BSD-3-Clause
// The system's log, by a socket of our own: syslog(3) would change the application's settings,
// and after a switch read the time zone of the other OS.
#pragma once

#include <string>

#include "basic/files.h"

namespace chos {

class Syslog {
 public:
  /// Lines begin with "PROGRAM[PID]: (SERVICE) ".  `socket`: /dev/log but in tests.  One that cannot
  /// be had is no error: the lines are then lost.
  Syslog(const std::string& program, const std::string& service, const char* socket = "/dev/log");

  /// priority: LOG_INFO ...; facility authpriv.
  void write(int priority, const std::string& text) const { send(line(priority, text)); }

  /// In two steps, for a place where nothing may be allocated.
  std::string line(int priority, const std::string& text) const;
  void send(const std::string& line) const noexcept;

 private:
  std::string program_, service_;
  UniqueFd socket_;
};

}  // namespace chos
