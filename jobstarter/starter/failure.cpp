// SPDX-License-Identifier: BSD-3-Clause
#include "starter/failure.h"

#include <syslog.h>
#include <unistd.h>

#include <iostream>

#include "basic/text.h"

namespace chos::starter {

Failure::Failure(int status, const std::string& log, const Environment& environment)
    : status_(status), journal_(program, "job", log.c_str()), wrapper_error_(environment) {}

int Failure::tell(const std::string& why, const std::string& remedy) const {
  std::string text = why + "; the job was not started";
  if (!remedy.empty()) text += " (" + remedy + ")";
  std::cerr << program << ": " << escaped(text) << std::endl;
  wrapper_error_.write(std::string(program) + ": " + escaped(text));
  log(text);
  return status_;
}

void Failure::log(const std::string& text) const {
  journal_.write(LOG_WARNING,
                 "user " + (user_.empty() ? std::to_string(::geteuid()) : in_quotes(user_)) + ": " + text);
}

}  // namespace chos::starter
