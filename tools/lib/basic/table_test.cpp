// SPDX-License-Identifier: BSD-3-Clause
#include "basic/table.h"

#include <gtest/gtest.h>

namespace chos {
namespace {

TEST(Tables, Align) {
  Table table({"", "NAME", "X"});
  EXPECT_TRUE(table.empty());
  table.add({"*", "a", ""});
  table.add({"", "long", "y"});
  EXPECT_EQ(table.text(), "  NAME  X\n* a\n  long  y\n");
}

TEST(Tables, ShowNoControlCharacters) {
  Table table({"NAME"});
  table.add({"a\033[2J\n\xff"});
  EXPECT_EQ(table.text(), "NAME\na\\x1b[2J\\x0a\\xff\n");
}

}  // namespace
}  // namespace chos
