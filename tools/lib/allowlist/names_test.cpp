// SPDX-License-Identifier: BSD-3-Clause
#include "allowlist/names.h"

#include <gtest/gtest.h>

#include "basic/text.h"

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

TEST(Names, ShellQuoted) {
  for (const char* word : {"trixie", "--config=/etc/x", "debian:trixie/i386", "gcc,make", "1%"})
    EXPECT_EQ(shell_quoted(word), word);
  EXPECT_EQ(shell_quoted(""), "''");
  EXPECT_EQ(shell_quoted("a b"), "'a b'");
  EXPECT_EQ(shell_quoted("~/x"), "'~/x'");
  EXPECT_EQ(shell_quoted("x#y"), "'x#y'");
  EXPECT_EQ(shell_quoted("it's $HOME"), "'it'\\''s $HOME'");
}

TEST(Names, InQuotesIsSafeForTerminals) {
  EXPECT_EQ(in_quotes("a b"), "'a b'");
  EXPECT_EQ(in_quotes("a\033[31m"), "'a\\x1b[31m'");
  EXPECT_EQ(in_quotes("\xc3\xa4"), "'\\xc3\\xa4'");
  EXPECT_EQ(in_quotes(std::string(200, 'x')), "'" + std::string(80, 'x') + "...'");
}

TEST(Names, Words) {
  EXPECT_EQ(trimmed(" \ta b\t "), "a b");
  EXPECT_EQ(trimmed("  "), "");
  EXPECT_EQ(split("a||b", '|').size(), 3u);
  EXPECT_EQ(split("", '|').size(), 1u);
  EXPECT_EQ(listed({}), "");
  EXPECT_EQ(listed({"a"}), "a");
  EXPECT_EQ(listed({"a", "b", "c"}), "a, b and c");
}

}  // namespace
}  // namespace chos
