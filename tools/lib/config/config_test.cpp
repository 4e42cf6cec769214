// SPDX-License-Identifier: BSD-3-Clause
#include "config/config.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace chos {
namespace {

ParsedConfig parse(std::string_view text) { return parse_config(text, "/etc/chos.conf"); }

bool has(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

TEST(Config, AnEmptyFileGivesTheDefaults) {
  const auto parsed = parse("");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed.config.farm, "/chos");
  EXPECT_EQ(parsed.config.trees, "/var/lib/chos/os");
  EXPECT_TRUE(has(parsed.config.dirs, "home"));
  EXPECT_TRUE(has(parsed.config.links, "usr"));
  EXPECT_TRUE(has(parsed.config.share, "/etc/passwd"));
  EXPECT_TRUE(has(parsed.config.keep, "TERM"));
  EXPECT_FALSE(has(parsed.config.keep, "PATH"));
  for (const char* name : {"sbatch", "qsub", "condor_submit", "bsub"})
    EXPECT_TRUE(has(parsed.config.base_commands, name)) << name;
  // Setuid programs, and names that other programs have too.
  for (const char* name : {"sudo", "su", "qmake", "btop"})
    EXPECT_FALSE(has(parsed.config.base_commands, name)) << name;
  for (const char* name :
       {"/var/spool", "/var/log", "/var/run", "/etc/slurm", "/var/lib/slurm", "/etc/ssh/ssh_known_hosts"})
    EXPECT_TRUE(has(parsed.config.share, name)) << name;
  EXPECT_FALSE(has(parsed.config.share, "/etc/munge")) << "its key is nobody's but munged's";
  const auto missing = load_config("/nonexistent/chos.conf");
  EXPECT_TRUE(missing.ok());
  EXPECT_TRUE(missing.missing);
}

TEST(Config, TheExampleOfTheManPage) {
  const auto parsed = parse(R"([farm]
trees = "/srv/trees"
add_dirs = ["lustre"]
remove_dirs = ["media", "srv"]

[share]
add = ["/etc/krb5.conf"]

[base]
add = ["sudo", "passwd"]
remove = ["sacctmgr"]

[base.os]
trixie = ["sudo"]
"sl6.5" = ["ping", "sudo"]

[shell]
add = ["SLURM_*"]
)");
  ASSERT_TRUE(parsed.ok()) << parsed.error_text();
  EXPECT_TRUE(has(parsed.config.base_commands, "sudo"));
  EXPECT_TRUE(has(parsed.config.base_commands, "sbatch"));
  EXPECT_FALSE(has(parsed.config.base_commands, "sacctmgr"));
  const std::map<std::string, std::vector<std::string>> os_commands{{"sl6.5", {"ping", "sudo"}},
                                                                    {"trixie", {"sudo"}}};
  EXPECT_EQ(parsed.config.os_commands, os_commands);
  EXPECT_EQ(parsed.config.trees, "/srv/trees");
  EXPECT_TRUE(has(parsed.config.dirs, "lustre"));
  EXPECT_TRUE(has(parsed.config.dirs, "home"));
  EXPECT_FALSE(has(parsed.config.dirs, "srv"));
  EXPECT_TRUE(has(parsed.config.share, "/etc/krb5.conf"));
  EXPECT_TRUE(has(parsed.config.keep, "SLURM_*"));
}

TEST(Config, ListsCanBeReplaced) {
  const auto parsed = parse(
      "[farm]\ndirs = ['proc']\nadd_dirs = ['home', 'proc']\nlinks = []\n"
      "[share]\npaths = []\n[shell]\nkeep = ['TERM']\npath = '/bin'\n");
  ASSERT_TRUE(parsed.ok()) << parsed.error_text();
  EXPECT_EQ(parsed.config.dirs, (std::vector<std::string>{"proc", "home"}));
  EXPECT_TRUE(parsed.config.links.empty());
  EXPECT_TRUE(parsed.config.share.empty());
  EXPECT_EQ(parsed.config.keep, (std::vector<std::string>{"TERM"}));
  EXPECT_EQ(parsed.config.user_path, "/bin");
}

struct Bad {
  std::string text;
  unsigned line;
  const char* says;

  friend void PrintTo(const Bad& bad, std::ostream* out) { *out << "line " << bad.line; }
};

class BadConfig : public ::testing::TestWithParam<Bad> {};

TEST_P(BadConfig, IsRefusedWithLineAndReason) {
  const auto& [text, line, says] = GetParam();
  const auto parsed = parse(text);
  ASSERT_FALSE(parsed.ok()) << text;
  EXPECT_EQ(parsed.errors.front().line, line) << parsed.error_text();
  EXPECT_NE(parsed.error_text().find(says), std::string::npos) << parsed.error_text();
}

INSTANTIATE_TEST_SUITE_P(
    Lines, BadConfig,
    ::testing::Values(Bad{"[farm\n", 1, "not TOML"}, Bad{std::string("a = 1\n[\0\0", 9), 2, "not TOML"},
                      Bad{"\n[*", 2, "not TOML"}, Bad{"\n[farm]\npath = /chos\n", 3, "not TOML"},
                      Bad{"[farms]\n", 1, "expected [base], [farm], [share] and [shell]"},
                      Bad{"farm = 1\n", 1, "expected a table [farm]"},
                      Bad{"[farm]\n\nroot = '/x'\n", 3, "unknown key 'root' in [farm]; expected path, trees"},
                      Bad{"[farm]\npath = 3\n", 2, "expected a string"},
                      Bad{"[farm]\npath = 'chos'\n", 2, "starts with /"},
                      Bad{"[farm]\npath = '/'\n", 2, "a path below /"},
                      Bad{"[farm]\ntrees = '/a/../b'\n", 2, "without '.' and '..'"},
                      Bad{"[farm]\ndirs = 'home'\n", 2, "an array of strings"},
                      Bad{"[farm]\ndirs = ['a', 1]\n", 2, "expected a string"},
                      Bad{"[farm]\ndirs = ['a/b']\n", 2, "top-level directory"},
                      Bad{"[farm]\nadd_dirs = ['local']\n", 2, "the farm's own"},
                      Bad{"[farm]\nremove_dirs = ['nope']\n", 2, "is not in the list"},
                      Bad{"[farm]\nadd_dirs = ['usr']\n", 0, "both in [farm] dirs and links"},
                      Bad{"[farm]\nchos_link = 'no'\n", 2, "expected true or false"},
                      Bad{"[share]\nadd = ['etc/x']\n", 2, "starts with /"},
                      Bad{"[base]\nadd = ['/usr/bin/x']\n", 2, "the name of a command, without a path"},
                      Bad{"[base]\nadd = ['']\n", 2, "the name of a command"},
                      Bad{"[base]\nadd = ['a b']\n", 2, "the name of a command"},
                      Bad{"[base]\nadd = ['..']\n", 2, "the name of a command"},
                      Bad{"[base]\ncommands = ['chos-base']\n", 2, "of chos itself"},
                      Bad{"[base]\nremove = ['sudo']\n", 2, "is not in the list"},
                      Bad{"[base]\nos = 'trixie'\n", 2, "expected a table [base.os]"},
                      Bad{"[base.os]\n'a b' = ['sudo']\n", 2, "base.os: "},
                      Bad{"[base.os]\ntrixie = 'sudo'\n", 2, "base.os.trixie: expected an array of strings"},
                      Bad{"[base.os]\ntrixie = ['/usr/bin/sudo']\n", 2,
                          "the name of a command, without a path"},
                      Bad{"[base]\npath = '/opt'\n", 2, "unknown key 'path' in [base]; expected commands"},
                      Bad{"[shell]\nadd = ['A B']\n", 2, "the name of a variable"},
                      Bad{"[shell]\nadd = ['*']\n", 2, "the name of a variable"},
                      Bad{"[shell]\npath = '/bin:'\n", 2, "absolute directories"}));

}  // namespace
}  // namespace chos
