// SPDX-License-Identifier: BSD-3-Clause
// The grammar of the files of /etc/pam.d.
#include "pamd/parse.h"

#include "pamd/plan_fixture.h"
#include "pamd/stack.h"

namespace chos::test {
namespace {

TEST(PamParse, DebianFilesAreUnderstood) {
  for (const char* release : releases) {
    const auto texts = debian(release);
    ASSERT_GE(texts.size(), 16u) << release;
    for (const auto& [name, text] : texts) {
      const auto file = parse_pam(name, text);
      const auto status = check_understood(file);
      EXPECT_TRUE(status) << status.error().what;
      EXPECT_FALSE(file.rules.empty()) << name;
      EXPECT_TRUE(session_stack(file, source_of(texts).included)) << release << " " << name;
    }
  }
}

TEST(PamParse, RefusesInvalidRules) {
  const std::string ok = "session required b.so\n";
  const std::pair<const char*, const char*> bad[] = {
      {"sesion required a.so\n", "expected auth, account"},
      {"session\n", "expected a control"},
      {"session required\n", "expected a module"},
      {"session include\n", "expected the name of a file"},
      {"@include\n", "expected the name of a file"},
      {"session mandatory a.so\n", "unknown control 'mandatory'"},
      {"session [success=ok a.so\n", "a [ is not closed"},
      {"session [sucess=ok] a.so\n", "value=action in the brackets, found 'sucess=ok'"},
      {"session [success=fine] a.so\n", "unknown action 'fine'"},
      {"session [success=0] a.so\n", "unknown action '0'"},
      {"session [] a.so\n", "value=action"},
      {"session required a.so\r\n", "control character"},
      {"session required \\\n\n", "an empty line follows"},
      {"session required \\\n# comment\na.so\n", "a comment or an empty line follows"},
      {"session required a.so \\\n", "the file ends after the \\"},
      {"\\\nfoo\n", "expected auth, account"},
  };
  for (const auto& [line, problem] : bad) {
    const auto what = refusal(ok + line);
    EXPECT_TRUE(has(what, "/pam/x:2: this line is not understood: ")) << line << what;
    EXPECT_TRUE(has(what, problem)) << line << what;
  }
  const std::string long_end = std::string(1100, 'x') + "\n";
  EXPECT_TRUE(has(refusal(ok + "session required a.so " + long_end), "longer"));
  EXPECT_TRUE(has(refusal(ok + "#" + long_end), "longer"));
  EXPECT_TRUE(has(refusal(ok + "@include gone\n"), "/pam/x:2: the file it includes cannot be"));
  EXPECT_TRUE(has(refusal(ok + "@include y\n", {{"y", "foo\n"}}), "y:1: this line is not"));
  EXPECT_TRUE(has(refusal(ok + "@include y\n", {{"y", "@include x\n"}}), "include each other"));
  EXPECT_EQ(enable({}, {"x"}).refusals.size(), 1u);
  // disable removes our rule nevertheless.
  Texts texts{{"x", ok + "foo\n" + pam_block({}, true)}};
  disable(texts, {"x"});
  EXPECT_EQ(texts["x"], ok + "foo\n");
}

TEST(PamParse, AcceptsValidRules) {
  const char* const good[] = {
      "session required b.so\n",
      "  \t Session\tREQUIRED\tb.so debug # comment\n",
      "# comment \\\nsession required b.so\n",
      "session [success=ok new_authtok_reqd=ok \\\n   default=ignore] b.so \\\n arg\n\n",
      "session optional b.so [an argument with \\] in it] more\n",
      "session required b.so\nauth include gone\naccount substack gone\n",
      "session required $ISA/b.so\n",
  };
  for (const char* text : good) EXPECT_EQ(refusal(text), "") << text;
  const auto file = parse_pam("f", good[3]);
  ASSERT_EQ(file.rules.size(), 1u);
  EXPECT_EQ(file.rules[0].args, std::vector<std::string>{"arg"});
  EXPECT_EQ(parse_pam("f", good[4]).rules[0].args[0], "an argument with ] in it");
}

}  // namespace
}  // namespace chos::test
