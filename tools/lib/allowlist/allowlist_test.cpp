// SPDX-License-Identifier: BSD-3-Clause
#include <chos/abi.h>
#include <gtest/gtest.h>

#include "allowlist/parse.h"

namespace chos {
namespace {

Result<gid_t> groups(const std::string& name) {
  if (name == "physics") return gid_t{100};
  if (name == "staff") return gid_t{50};
  if (name == "domain users") return gid_t{70000};
  return Error{"there is no group '" + name + "'", "", ENOENT};
}

ParsedAllowlist parse(std::string_view text) { return parse_allowlist(text, "/etc/chos", groups); }

TEST(Allowlist, ReadsWhatTheManPageShows) {
  const auto parsed = parse(
      "# name:path:options\n"
      "trixie:/os/trixie\n"
      "bullseye:/os/bullseye:groups=physics|staff\n"
      "sl6:/os/sl6:closed,persona=linux32\n"
      "local:/\n"
      "default:/os/trixie\n");
  ASSERT_TRUE(parsed.list) << parsed.error_text();
  const auto& entries = parsed.list->entries();
  ASSERT_EQ(entries.size(), 5u);
  EXPECT_EQ(entries[1].groups, (std::vector<gid_t>{50, 100}));
  EXPECT_EQ(entries[1].group_names, (std::vector<std::string>{"physics", "staff"}));
  EXPECT_TRUE(entries[2].closed);
  EXPECT_TRUE(entries[2].linux32);
  EXPECT_FALSE(entries[2].suid);
  EXPECT_TRUE(entries[3].is_base());
  EXPECT_EQ(entries[4].line, 6u);
  EXPECT_EQ(parsed.list->site_default(), &entries[0]);
  EXPECT_FALSE(parsed.list->stands_alone(entries[4]));
  EXPECT_TRUE(parsed.list->stands_alone(entries[0]));
  EXPECT_EQ(parsed.list->find("default"), &entries[0]);
  EXPECT_EQ(parsed.list->find("/os/trixie"), &entries[0]);
  EXPECT_EQ(parsed.list->find("/os/nope"), nullptr);
  EXPECT_EQ(render_for_kernel(*parsed.list),
            "trixie:/os/trixie\n"
            "bullseye:/os/bullseye:groups=50|100\n"
            "sl6:/os/sl6:closed,persona=linux32\n"
            "local:/\n"
            "default:/os/trixie\n");
}

TEST(Allowlist, BlanksCommentsAndLineEndsDoNotMatter) {
  const auto parsed = parse(
      "  trixie : /os/trixie : closed , groups = physics | 7  # old\r\n"
      "\r\n"
      "\t\n"
      "   # alone \x01 \n"
      "sl6:/os/sl6\t#\n"
      "last:/os/last");
  ASSERT_TRUE(parsed.list) << parsed.error_text();
  EXPECT_EQ(render_for_kernel(*parsed.list),
            "trixie:/os/trixie:closed,groups=7|100\nsl6:/os/sl6\nlast:/os/last\n");
}

TEST(Allowlist, EmptyIsAListOfNothing) {
  for (const char* text : {"", "\n", "# nothing\n", "%SHELLS\n"}) {
    const auto parsed = parse(text);
    ASSERT_TRUE(parsed.list) << text;
    EXPECT_TRUE(parsed.list->entries().empty());
    EXPECT_EQ(render_for_kernel(*parsed.list), "\n");
    EXPECT_EQ(parsed.list->site_default(), nullptr);
  }
}

TEST(Allowlist, FilesOfChos013) {
  const auto parsed = parse(
      "#\n# <alias>:<path>\n#\n%SHELLS\nlocal:/\nrh73:/auto/redhat73\n"
      "/auto/redhat73:/auto/redhat73   # as a path\n\n%ENV\nTERM\nDISPLAY\n");
  ASSERT_TRUE(parsed.list) << parsed.error_text();
  EXPECT_EQ(render_for_kernel(*parsed.list), "local:/\nrh73:/auto/redhat73\n");
  EXPECT_EQ(parsed.notes.size(), 3u);
}

TEST(Allowlist, DefaultMayStandAlone) {
  const auto parsed = parse("default:/os/x:groups=staff\n");
  ASSERT_TRUE(parsed.list) << parsed.error_text();
  EXPECT_EQ(parsed.list->site_default(), &parsed.list->entries()[0]);
  EXPECT_TRUE(parsed.list->stands_alone(parsed.list->entries()[0]));
}

TEST(Allowlist, TwoNamesOfOnePathWithTheSameRights) {
  EXPECT_TRUE(parse("a:/os/x:groups=staff\nb:/os/x:groups=50,persona=linux32\n").list);
}

struct Bad {
  const char* text;
  unsigned line;
  const char* says;

  friend void PrintTo(const Bad& bad, std::ostream* out) { *out << "line " << bad.line; }
};

class BadList : public ::testing::TestWithParam<Bad> {};

TEST_P(BadList, IsRefusedWithLineAndReason) {
  const auto& [text, line, says] = GetParam();
  const auto parsed = parse(text);
  EXPECT_FALSE(parsed.list) << text;
  ASSERT_FALSE(parsed.errors.empty()) << text;
  EXPECT_EQ(parsed.errors.front().line, line) << parsed.error_text();
  EXPECT_NE(parsed.errors.front().message.find(says), std::string::npos) << parsed.error_text();
  EXPECT_EQ(parsed.errors.front().text().rfind("/etc/chos:" + std::to_string(line) + ": ", 0), 0u);
}

INSTANTIATE_TEST_SUITE_P(
    Lines, BadList,
    ::testing::Values(
        Bad{"trixie\n", 1, "expected name:path"}, Bad{"ok:/os/a\n\n:\n", 3, "expected a name"},
        Bad{"a:/b:closed:more\n", 1, "expected name:path"}, Bad{"a:\n", 1, "expected a path, found nothing"},
        Bad{"a:b\n", 1, "starts with /"}, Bad{"a:/os/../etc\n", 1, "without '.' and '..'"},
        Bad{"a:/os/.\n", 1, "without '.' and '..'"}, Bad{"a://x\n", 1, "without //"},
        Bad{"a:/x/\n", 1, "without / at its end"}, Bad{"a:/x y\n", 1, "without blanks"},
        Bad{"-a:/x\n", 1, "starts with a letter or a digit"},
        Bad{"_a:/x\n", 1, "starts with a letter or a digit"}, Bad{"a/b:/x\n", 1, "letters, digits"},
        Bad{"a b:/x\n", 1, "letters, digits"}, Bad{"a:/x\x01\n", 1, "control character"},
        Bad{"a\r:/x\n", 1, "control character"}, Bad{"a:/x#c\n", 1, "blank before the comment"},
        Bad{"a:/x:\n", 1, "expected one of the options"},
        Bad{"a:/x:open\n", 1, "expected one of the options"},
        Bad{"a:/x:Closed\n", 1, "expected one of the options"},
        Bad{"a:/x:closed,\n", 1, "expected one of the options"},
        Bad{"a:/x:closed=1\n", 1, "expected one of the options"},
        Bad{"a:/x:closed,closed\n", 1, "given twice"}, Bad{"a:/x:groups=1,groups=2\n", 1, "given twice"},
        Bad{"a:/x:suid,nosuid\n", 1, "suid or nosuid"}, Bad{"a:/x:nosuid,suid\n", 1, "suid or nosuid"},
        Bad{"a:/x:groups\n", 1, "expected one of the options"}, Bad{"a:/x:groups=\n", 1, "empty name"},
        Bad{"a:/x:groups=1|\n", 1, "empty name"}, Bad{"a:/x:groups=nobody\n", 1, "no group 'nobody'"},
        Bad{"a:/x:groups=-1\n", 1, "no group '-1'"}, Bad{"a:/x:groups=4294967295\n", 1, "out of range"},
        Bad{"a:/x:groups=99999999999\n", 1, "out of range"},
        Bad{"a:/x:persona=linux64\n", 1, "persona=linux32"}, Bad{"a:/x:persona\n", 1, "persona=linux32"},
        Bad{"a:/x\nb:/y\na:/z\n", 3, "already in line 1"}, Bad{"a:/x\na:/x\n", 2, "each name once"},
        Bad{"%SHELL\n", 1, "expected an entry, %SHELLS"},
        Bad{"%ENV\nTERM\na:/x\n", 3, "%SHELLS before entries"},
        Bad{"\xef\xbb\xbf"
            "a:/x\n",
            1, "byte order mark"},
        Bad{"a:/x\ndefault:/x:closed\n", 2, "stands for 'a'"},
        Bad{"a:/x\nb:/x:closed\n", 2, "the same closed, suid and groups"},
        Bad{"a:/x:suid\nb:/x\n", 2, "the same closed, suid and groups"},
        Bad{"a:/x:groups=1\nb:/x\n", 2, "the same closed, suid and groups"},
        Bad{"base:/os/x\n", 1, "reserved for the base OS"},
        Bad{"/auto/rh73:/auto/rh73\n", 1, "such as rh73:/auto/rh73"},
        Bad{"/auto/rh73:/auto/rh9\n", 1, "starts with a letter or a digit"}));

TEST(Allowlist, AllErrorsAreFound) {
  const auto parsed = parse("bad\ngood:/os/good\nx:y:z\n");
  EXPECT_FALSE(parsed.list);
  ASSERT_EQ(parsed.errors.size(), 3u) << parsed.error_text();
  EXPECT_EQ(parsed.errors[0].line, 1u);
  EXPECT_EQ(parsed.errors[2].line, 3u);
}

TEST(Allowlist, NulBytesAreRefused) { EXPECT_FALSE(parse(std::string_view("a:/x\0y\n", 7)).list); }

TEST(Allowlist, Limits) {
  std::string text;
  for (int i = 0; i < CHOS_VALID_MAX_ENTRIES; ++i)
    text += "os" + std::to_string(i) + ":/os/" + std::to_string(i) + "\n";
  EXPECT_TRUE(parse(text).list);
  text += "more:/os/more\n";
  const auto parsed = parse(text);
  EXPECT_FALSE(parsed.list);
  EXPECT_EQ(parsed.errors.front().line, 4097u);

  std::string many = "a:/x:groups=1";
  for (int i = 2; i <= CHOS_GROUPS_MAX; ++i) many += "|" + std::to_string(i);
  EXPECT_TRUE(parse(many + "\n").list);
  EXPECT_TRUE(parse(many + "|1|2\n").list);  // the same once more
  EXPECT_FALSE(parse(many + "|33\n").list);

  EXPECT_TRUE(parse(std::string(63, 'n') + ":/x\n").list);
  EXPECT_FALSE(parse(std::string(64, 'n') + ":/x\n").list);
  EXPECT_TRUE(parse("a:/" + std::string(254, 'p') + "\n").list);
  EXPECT_FALSE(parse("a:/" + std::string(255, 'p') + "\n").list);
}

TEST(Allowlist, WhatIsRenderedReadsTheSame) {
  const auto first = parse("a:/os/a:groups=domain users|staff,suid\nb:/os/b:nosuid\nbase:/\n");
  ASSERT_TRUE(first.list) << first.error_text();
  const std::string text = render_for_kernel(*first.list);
  EXPECT_EQ(text, "a:/os/a:suid,groups=50|70000\nb:/os/b\nbase:/\n");
  const auto second = parse(text);
  ASSERT_TRUE(second.list) << second.error_text();
  EXPECT_EQ(render_for_kernel(*second.list), text);
}

TEST(Allowlist, Access) {
  const auto parsed = parse("a:/a\nb:/b:closed\nc:/c:groups=physics\nd:/d:closed,groups=physics\n");
  ASSERT_TRUE(parsed.list);
  const auto& e = parsed.list->entries();
  EXPECT_EQ(access_of(e[0], {}), Access::allowed);
  EXPECT_EQ(access_of(e[1], {100}), Access::closed);
  EXPECT_EQ(access_of(e[2], {1, 100}), Access::allowed);
  EXPECT_EQ(access_of(e[2], {1, 2}), Access::not_in_group);
  EXPECT_EQ(access_of(e[3], {100}), Access::closed);
  EXPECT_EQ(describe_state(e[0]), "open");
  EXPECT_EQ(describe_state(e[2]), "group physics");
  EXPECT_EQ(describe_state(e[3]), "closed, group physics");
}

}  // namespace
}  // namespace chos
