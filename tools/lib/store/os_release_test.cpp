// SPDX-License-Identifier: BSD-3-Clause
#include "store/os_release.h"

#include <gtest/gtest.h>

namespace chos::test {
namespace {

TEST(OsRelease, Reads) {
  EXPECT_EQ(parse_os_release("NAME=x\nPRETTY_NAME=\"Debian GNU/Linux 13 (trixie)\"\n"),
            "Debian GNU/Linux 13 (trixie)");
  EXPECT_EQ(parse_os_release("NAME='Alma'\nVERSION_ID=9.4\n"), "Alma 9.4");
  EXPECT_EQ(parse_os_release("#PRETTY_NAME=no\n\n"), "");
  // Not in the middle of a character, where it is cut.
  EXPECT_EQ(parse_os_release("NAME=" + std::string(79, 'x') + "\u00fc"), std::string(79, 'x'));
  EXPECT_EQ(parse_os_release("NAME=" + std::string(78, 'x') + "\u00fcy"), std::string(78, 'x') + "\u00fc");
  EXPECT_EQ(parse_os_release("NAME=" + std::string(77, 'x') + "\U0001f427"), std::string(77, 'x'));
  EXPECT_EQ(parse_os_release("PRETTY_NAME=\"a\033[31m\\\"b\"\n"), "a[31m\"b");
}

}  // namespace
}  // namespace chos::test
