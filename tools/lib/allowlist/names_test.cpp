// SPDX-License-Identifier: BSD-3-Clause
#include "allowlist/names.h"

#include <gtest/gtest.h>

namespace chos {
namespace {

TEST(Names, GoodOnes) {
  for (const char* name : {"a", "trixie", "sl6.10", "Debian-13", "a_b+c", "9"})
    EXPECT_EQ(name_problem(name), "") << name;
  EXPECT_EQ(name_problem(std::string(63, 'x')), "");
}

TEST(Names, BadOnes) {
  for (const char* name : {"", "-a", ".a", "_a", "a b", "a/b", "a:b", "\xc3\xa4", "a\n", "a,b"})
    EXPECT_NE(name_problem(name), "") << name;
  EXPECT_NE(name_problem(std::string(64, 'x')), "");
  EXPECT_NE(name_problem(std::string_view("a\0b", 3)), "");
}

TEST(Names, Paths) {
  for (const char* path : {"/", "/os/trixie", "/a", "/a/.b", "/a/...", "/\xc3\xa4"})
    EXPECT_EQ(path_problem(path), "") << path;
  for (const char* path :
       {"", "os", "//", "/a/", "/a//b", "/.", "/..", "/a/../b", "/a/./b", "/a b", "/a:b", "/a\tb", "/a\x7f"})
    EXPECT_NE(path_problem(path), "") << path;
  EXPECT_EQ(path_problem("/" + std::string(254, 'x')), "");
  EXPECT_NE(path_problem("/" + std::string(255, 'x')), "");
}

TEST(Names, LayoutNames) {
  for (const char* name : {"usr", "lib64", ".hidden", "_x", "..."})
    EXPECT_EQ(layout_name_problem(name), "") << name;
  for (const char* name : {"", ".", "..", "a/b", "a b"}) EXPECT_NE(layout_name_problem(name), "") << name;
}

}  // namespace
}  // namespace chos
