// SPDX-License-Identifier: BSD-3-Clause
#include "basic/text.h"

#include <gtest/gtest.h>

namespace chos {
namespace {

TEST(Text, ShellQuoted) {
  for (const char* word : {"trixie", "--config=/etc/x", "debian:trixie/i386", "gcc,make", "1%"})
    EXPECT_EQ(shell_quoted(word), word);
  EXPECT_EQ(shell_quoted(""), "''");
  EXPECT_EQ(shell_quoted("a b"), "'a b'");
  EXPECT_EQ(shell_quoted("~/x"), "'~/x'");
  EXPECT_EQ(shell_quoted("x#y"), "'x#y'");
  EXPECT_EQ(shell_quoted("it's $HOME"), "'it'\\''s $HOME'");
}

TEST(Text, InQuotesIsSafeForTerminals) {
  EXPECT_EQ(in_quotes("a b"), "'a b'");
  EXPECT_EQ(in_quotes("a\033[31m"), "'a\\x1b[31m'");
  EXPECT_EQ(in_quotes("\xc3\xa4"), "'\\xc3\\xa4'");
  EXPECT_EQ(in_quotes(std::string(200, 'x')), "'" + std::string(80, 'x') + "...'");
}

TEST(Text, PrintableInACell) {
  EXPECT_EQ(printable("a\033[1m\xff"), "a?[1m?");
  EXPECT_EQ(printable("a\tb\nc\rd"), "a b c d");
  EXPECT_EQ(printable(std::string(100, 'x'), 10), "xxxxxxx...");
}

TEST(Text, EscapedForTheLastStep) {
  EXPECT_EQ(escaped("plain ~ text"), "plain ~ text");
  EXPECT_EQ(escaped("\033]0;x\a\t\n\x7f"), "\\x1b]0;x\\x07\\x09\\x0a\\x7f");
  EXPECT_EQ(escaped(std::string_view("a\0b", 3)), "a\\x00b");
  for (const char* text : {"\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x90\xa7", "\xc2\xa0"})
    EXPECT_EQ(escaped(text), text);
  EXPECT_EQ(escaped(escaped("\xff\033")), "\\xff\\x1b");
  // Cut, overlong, a surrogate, beyond the last; C1 control characters; those that reorder a line.
  EXPECT_EQ(escaped("\xe2\x82"), "\\xe2\\x82");
  EXPECT_EQ(escaped("\xc0\xaf"), "\\xc0\\xaf");
  EXPECT_EQ(escaped("\xed\xa0\x80"), "\\xed\\xa0\\x80");
  EXPECT_EQ(escaped("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
  EXPECT_EQ(escaped("\xc2\x9b"), "\\xc2\\x9b");
  EXPECT_EQ(escaped("\xe2\x80\xae"), "\\xe2\\x80\\xae");
}

// The parts of a temporary string would dangle.
template <typename T>
concept CanBeSplit = requires(T&& text) {
  split(std::forward<T>(text), ' ');
};
static_assert(CanBeSplit<const std::string&> && CanBeSplit<std::string_view> &&
              CanBeSplit<const char (&)[2]>);
static_assert(!CanBeSplit<std::string> && !CanBeSplit<const std::string>);

TEST(Text, Words) {
  EXPECT_EQ(trimmed(" \ta b\t "), "a b");
  EXPECT_EQ(trimmed("  "), "");
  EXPECT_EQ(split("a||b", '|').size(), 3u);
  EXPECT_EQ(split("", '|').size(), 1u);
  EXPECT_EQ(listed({}), "");
  EXPECT_EQ(listed({"a"}), "a");
  EXPECT_EQ(listed({"a", "b", "c"}), "a, b and c");
}

TEST(Concat, PutsThePartsAfterEachOther) {
  const std::string name = "name";
  EXPECT_EQ(concat({"a ", name, std::string_view(), ": ", "z"}), "a name: z");
  EXPECT_EQ(concat({}), "");
}

}  // namespace
}  // namespace chos
