// SPDX-License-Identifier: BSD-3-Clause
#include "session/environment.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "config/config.h"
#include "session/nss.h"

namespace chos {
namespace {

TEST(EnvironmentOf, ALoginShellIsClean) {
  const Environment before{{"TERM", "xterm"},    {"LC_ALL", "C"},        {"LD_PRELOAD", "/x.so"},
                           {"PATH", "/evil"},    {"HOME", "/elsewhere"}, {"LC_", "odd"},
                           {"PYTHONPATH", "/x"}, {"SHELL", "/bin/zsh"},  {"CHOS", "old"},
                           {"TERMINFO", "/t"}};
  const Account account{"alice", "/home/alice", "/bin/bash", 1000};
  const Environment expected{{"HOME", "/home/alice"}, {"LOGNAME", "alice"}, {"PATH", "/bin"},
                             {"SHELL", "/bin/bash"},  {"USER", "alice"},    {"CHOS", "trixie"},
                             {"TERM", "xterm"},       {"LC_ALL", "C"},      {"LC_", "odd"}};
  // PATH and SHELL are set anew even if somebody wishes to keep them.
  EXPECT_EQ(login_environment(before, {"TERM", "LC_*", "PATH", "SHELL"}, account, "/bin", "trixie"),
            expected);
}

TEST(EnvironmentOf, Patterns) {
  EXPECT_TRUE(is_kept("LC_ALL", {"LC_*"}));
  EXPECT_FALSE(is_kept("LANG", {"LC_*"}));
  EXPECT_FALSE(is_kept("TERMINFO", {"TERM"}));
  EXPECT_EQ(keep_pattern_problem("LC_*"), "");
  EXPECT_EQ(keep_pattern_problem("_x9"), "");
  for (const char* bad : {"", "*", "A*B", "9A", "A=B", "A B"})
    EXPECT_NE(keep_pattern_problem(bad), "") << bad;
}

TEST(EnvironmentOf, Variables) {
  Environment environment{{"A", "1"}};
  set_variable(environment, "B", "2");
  set_variable(environment, "A", "3");
  EXPECT_EQ(environment_block(environment), (std::vector<std::string>{"A=3", "B=2"}));
  unset_variable(environment, "A");
  EXPECT_EQ(find_variable(environment, "A"), nullptr);
  EXPECT_EQ(*find_variable(environment, "B"), "2");
}

TEST(EnvironmentOf, LoginNames) {
  EXPECT_EQ(login_argv0("/bin/bash"), "-bash");
  EXPECT_EQ(login_argv0("sh"), "-sh");
}

TEST(EnvironmentOf, Accounts) {
  const auto root = lookup_account(0);
  ASSERT_TRUE(root);
  EXPECT_EQ(root->name, "root");
  EXPECT_FALSE(lookup_account(static_cast<uid_t>(-2)).has_value() &&
               lookup_account(static_cast<uid_t>(-2))->name == "root");
}

}  // namespace
}  // namespace chos
