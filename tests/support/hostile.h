// SPDX-License-Identifier: BSD-3-Clause
// A text that acts on a terminal and looks like a message of ours, and a look at where it was printed.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "basic/text.h"

namespace chos::test {

/// It sets the title of a terminal, begins a new line, moves the cursor (CSI as ESC [ and as a C1 character),
/// turns the direction of the text round, and is no UTF-8.  It is a valid file name.
inline const std::string hostile =
    "x\nchosctl: forged\033]0;t\007\033[2J\xc2\x9b"
    "3A\xe2\x80\xae\xff\r";

/// Its beginning, for places with little room: 27 bytes, as many as "/lib64/ld-linux-x86-64.so.2".
inline const std::string hostile_loader = "/x\nchosctl: forged\033]0;t\007\033[m";

/// Expects that a terminal takes `output` for lines of text, and that no line of it looks like a message that
/// `hostile` has made.
inline void expect_harmless(const std::string& output, const std::string& where) {
  std::string_view rest = output;
  while (!rest.empty()) {
    const auto line = rest.substr(0, rest.find('\n'));
    std::string shown = escaped(line);
    EXPECT_EQ(shown, line) << where << " prints this raw";
    for (const char* start : {"chosctl: ", "chos: ", "chos-base: ", "chos_jobstarter: ", "warning: ", " "})
      while (shown.starts_with(start)) shown.erase(0, std::string_view(start).size());
    EXPECT_FALSE(shown.starts_with("forged")) << where << " prints a line of its own: " << line;
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
}

}  // namespace chos::test
