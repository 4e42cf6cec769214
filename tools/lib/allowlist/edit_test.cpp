// SPDX-License-Identifier: BSD-3-Clause
#include "allowlist/edit.h"

#include <gtest/gtest.h>

#include "allowlist/allowlist.h"
#include "allowlist/parse.h"

namespace chos::test {
namespace {

constexpr const char* list_text =
    "# ours\n%SHELLS\n\n  trixie:/os/trixie:groups=a|b   # the new one\n"
    "alias : /os/trixie\nold:/os/old:closed,suid\r\ndefault:/os/trixie";

TEST(AllowlistEdit, LeavesTheRestAlone) {
  EXPECT_EQ(with_option(list_text, "none", "closed", true), list_text);
  EXPECT_EQ(with_moved_path(list_text, "/os/none", "/os/x"), list_text);
  EXPECT_EQ(without_entry(list_text, "none"), list_text);
  EXPECT_EQ(with_default("a:/os/a\n", ""), "a:/os/a\n");
}

TEST(AllowlistEdit, Changes) {
  EXPECT_EQ(with_entry("a:/os/a", "b:/os/b"), "a:/os/a\nb:/os/b\n");
  EXPECT_EQ(with_entry("", "b:/os/b"), "b:/os/b\n");
  EXPECT_EQ(without_entry(list_text, "old"),
            "# ours\n%SHELLS\n\n  trixie:/os/trixie:groups=a|b   # the new one\n"
            "alias : /os/trixie\ndefault:/os/trixie");
  EXPECT_EQ(with_moved_path(list_text, "/os/trixie", "/os/trixie~2"),
            "# ours\n%SHELLS\n\n  trixie:/os/trixie~2:groups=a|b   # the new one\n"
            "alias :/os/trixie~2\nold:/os/old:closed,suid\r\ndefault:/os/trixie~2");
  EXPECT_EQ(with_option("a:/os/a # x\n", "a", "closed", true), "a:/os/a:closed # x\n");
  EXPECT_EQ(with_option("a:/os/a:closed\n", "a", "closed", false), "a:/os/a\n");
  EXPECT_EQ(with_option("a:/os/a: suid , closed\n", "a", "closed", false), "a:/os/a:suid\n");
  EXPECT_EQ(with_option("a:/os/a:closed\n", "a", "closed", true), "a:/os/a:closed\n");
  EXPECT_EQ(with_option(list_text, "old", "closed", false).find("old:/os/old:suid\r\n") != std::string::npos,
            true);
  EXPECT_EQ(with_default("a:/os/a\n", "/os/a"), "a:/os/a\ndefault:/os/a\n");
  EXPECT_EQ(with_default("default:/os/b\na:/os/a\n", "/os/a"), "default:/os/a\na:/os/a\n");
  EXPECT_EQ(with_default("default:/os/b\na:/os/a\n", ""), "a:/os/a\n");
}

TEST(AllowlistEdit, ItsResultsAreLists) {
  const auto groups = [](const std::string&) -> Result<gid_t> { return gid_t{5}; };
  for (const auto& text :
       {with_option(list_text, "old", "closed", false), with_entry(list_text, "new:/os/new"),
        with_moved_path(list_text, "/os/trixie", "/os/trixie~2"), with_default(list_text, "")}) {
    const auto parsed = parse_allowlist(text, "list", groups);
    // `alias` lacks the groups of its path: that error was there before.
    EXPECT_EQ(parsed.errors.size(), 1U) << parsed.error_text() << text;
  }
}

}  // namespace
}  // namespace chos::test
