// SPDX-License-Identifier: BSD-3-Clause
// Messages of the programs to people: on standard error, in colour on a terminal only.
#pragma once

#include <string>

#include "basic/result.h"

namespace chos {

/// Whether to use colours on `fd`: it is a terminal, not "dumb", and NO_COLOR is not set.
bool wants_colour(int fd);

/// Every byte that a terminal might act on is escaped, also line breaks: see escaped().
class Messages {
 public:
  /// Each line starts with `program`.
  explicit Messages(std::string program, int fd = 2);

  void error(const std::string& text) const;
  void error(const Error& error) const;  ///< with its lines and its remedy below
  void warning(const std::string& text) const;
  void hint(const std::string& text) const;

 private:
  void line(const char* colour, const std::string& label, const std::string& text) const;

  std::string program_;
  int fd_;
  bool colour_;
};

}  // namespace chos
