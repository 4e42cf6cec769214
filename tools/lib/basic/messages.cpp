// SPDX-License-Identifier: BSD-3-Clause
#include "basic/messages.h"

#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "basic/files.h"
#include "basic/text.h"

namespace chos {

bool wants_colour(int fd) {
  if (::isatty(fd) == 0) return false;
  const char* term = std::getenv("TERM");
  const char* no = std::getenv("NO_COLOR");
  return term != nullptr && std::strcmp(term, "dumb") != 0 && (no == nullptr || *no == '\0');
}

Messages::Messages(std::string program, int fd)
    : program_(std::move(program)), fd_(fd), colour_(wants_colour(fd)) {}

void Messages::error(const std::string& text) const { line("\033[1;31m", "", text); }

void Messages::error(const Error& error) const {
  this->error(error.what);
  for (const auto& more : error.lines) this->error(more);
  if (!error.remedy.empty()) hint(error.remedy);
}

void Messages::warning(const std::string& text) const { line("\033[1;33m", "warning: ", text); }

void Messages::hint(const std::string& text) const { line("\033[2m", "  ", text); }

void Messages::line(const char* colour, const std::string& label, const std::string& text) const {
  // One write(2) of plain bytes: nothing here may load a library, since messages are also written
  // after a switch into another OS.
  std::string out = program_ + ": ";
  if (colour_) out += colour;
  out += label + escaped(text);
  if (colour_) out += "\033[0m";
  (void)write_all(fd_, out + "\n");
}

}  // namespace chos
