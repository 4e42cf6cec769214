// SPDX-License-Identifier: BSD-3-Clause
// The line that chosctl batch puts in somebody else's file.
#include "batch/block.h"

#include <gtest/gtest.h>

namespace chos::test {
namespace {

using What = BlockState::What;

Sight judge(std::string_view line) {
  if (line == "start chos") return Sight::same;
  return line.starts_with("start ") ? Sight::other : Sight::nothing;
}
std::string put(const std::string& text) { return put_block(text, "x", "start chos"); }
std::string dropped(const std::string& text) { return drop_block(text, "x"); }
What what(const std::string& text) { return find_block(text, "x", judge).what; }

TEST(BatchBlock, WhatIsPutIsTakenOutToTheByte) {
  for (const std::string text : {"", "a\n", "a", "a\n\n", "\n", "# c\n b", "a\r\nb\r\n"}) {
    const std::string with = put(text);
    EXPECT_EQ(what(with), What::ours) << with;
    EXPECT_EQ(put(with), with) << "a second time";
    EXPECT_EQ(dropped(with), text);
    EXPECT_EQ(dropped(text), text);
  }
}

TEST(BatchBlock, WhatOthersWroteSinceStays) {
  EXPECT_EQ(dropped("new\n" + put("a\n") + "z\n"), "new\na\nz\n");
  EXPECT_EQ(dropped(put("a") + "z\n"), "a\nz\n") << "lines do not run together";
}

TEST(BatchBlock, OurLineIsBroughtUpToDate) {
  const std::string old = put_block("a\n", "x", "start /old/chos");
  EXPECT_EQ(put(old + "b\n"), put("a\n") + "b\n");
}

TEST(BatchBlock, ACommentWithoutItsLine) {
  const std::string marker = put("").substr(0, put("").find('\n') + 1);
  EXPECT_EQ(what(marker), What::nothing);
  EXPECT_EQ(put(marker), put(""));
  EXPECT_EQ(put(marker.substr(0, marker.size() - 1)), put("")) << "and without a newline";
  // Somebody else's line below it is not ours to take.
  EXPECT_EQ(dropped(marker + "theirs\n"), "theirs\n");
  EXPECT_EQ(put(marker + "theirs\n"), put("") + "theirs\n");
}

TEST(BatchBlock, LinesOfOthers) {
  EXPECT_EQ(what("start chos\n"), What::by_hand);
  EXPECT_EQ(what("start else\n"), What::other);
  EXPECT_EQ(what(put("start else\n")), What::other) << "it may win, whatever we say";
  EXPECT_EQ(find_block("a\nb\nstart else\n", "x", judge).line, 3u);
  EXPECT_EQ(find_block(put("start chos\n"), "x", judge).line, 3u);
}

TEST(BatchBlock, BlocksOfOtherTagsAndPlaces) {
  const std::string text = "one\ntwo\n";
  const std::string both = put_block(put_block(text, "x", "start chos", 4), "y", "other chos");
  EXPECT_LT(both.find("start chos"), both.find("two"));
  EXPECT_EQ(dropped(both), put_block(text, "y", "other chos"));
  // Only what lies between these places counts.
  EXPECT_EQ(find_block("start else\nb\n", "x", judge, 11).what, What::nothing);
  EXPECT_EQ(find_block("b\nstart else\n", "x", judge, 0, 2).what, What::nothing);
}

}  // namespace
}  // namespace chos::test
