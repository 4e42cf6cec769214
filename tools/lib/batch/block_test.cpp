// SPDX-License-Identifier: BSD-3-Clause
// The line that `chosctl batch` adds to files of batch systems.
#include "batch/block.h"

#include <gtest/gtest.h>

namespace chos::test {
namespace {

using What = BlockState::What;

LineMeaning classify(std::string_view line) {
  if (line == "start chos") return LineMeaning::same;
  return line.starts_with("start ") ? LineMeaning::conflicting : LineMeaning::unrelated;
}
std::string put(const std::string& text) { return put_block(text, "x", "start chos"); }
std::string dropped(const std::string& text) { return drop_block(text, "x"); }
What what(const std::string& text) { return find_block(text, "x", classify).what; }

TEST(BatchBlock, RemovingRestoresEveryByte) {
  for (const std::string text : {"", "a\n", "a", "a\n\n", "\n", "# c\n b", "a\r\nb\r\n"}) {
    const std::string with = put(text);
    EXPECT_EQ(what(with), What::ours) << with;
    EXPECT_EQ(put(with), with) << "added twice";
    EXPECT_EQ(dropped(with), text);
    EXPECT_EQ(dropped(text), text);
  }
}

TEST(BatchBlock, LaterLinesAreKept) {
  EXPECT_EQ(dropped("new\n" + put("a\n") + "z\n"), "new\na\nz\n");
  EXPECT_EQ(dropped(put("a") + "z\n"), "a\nz\n") << "lines are not joined";
}

TEST(BatchBlock, AnOldLineIsUpdated) {
  const std::string old = put_block("a\n", "x", "start /old/chos");
  EXPECT_EQ(put(old + "b\n"), put("a\n") + "b\n");
}

TEST(BatchBlock, TheCommentWithoutItsLine) {
  const std::string marker = put("").substr(0, put("").find('\n') + 1);
  EXPECT_EQ(what(marker), What::nothing);
  EXPECT_EQ(put(marker), put(""));
  EXPECT_EQ(put(marker.substr(0, marker.size() - 1)), put("")) << "without a newline";
  // An unrelated line below the comment is kept.
  EXPECT_EQ(dropped(marker + "theirs\n"), "theirs\n");
  EXPECT_EQ(put(marker + "theirs\n"), put("") + "theirs\n");
}

TEST(BatchBlock, LinesWrittenByHand) {
  EXPECT_EQ(what("start chos\n"), What::by_hand);
  EXPECT_EQ(what("start else\n"), What::other);
  EXPECT_EQ(what(put("start else\n")), What::other) << "that line may take precedence";
  EXPECT_EQ(find_block("a\nb\nstart else\n", "x", classify).line, 3u);
  EXPECT_EQ(find_block(put("start chos\n"), "x", classify).line, 3u);
}

TEST(BatchBlock, OtherTagsAndRanges) {
  const std::string text = "one\ntwo\n";
  const std::string both = put_block(put_block(text, "x", "start chos", 4), "y", "other chos");
  EXPECT_LT(both.find("start chos"), both.find("two"));
  EXPECT_EQ(dropped(both), put_block(text, "y", "other chos"));
  // Only lines in the given range count.
  EXPECT_EQ(find_block("start else\nb\n", "x", classify, 11).what, What::nothing);
  EXPECT_EQ(find_block("b\nstart else\n", "x", classify, 0, 2).what, What::nothing);
}

}  // namespace
}  // namespace chos::test
