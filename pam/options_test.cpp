// SPDX-License-Identifier: BSD-3-Clause
#include "pam/options.h"

#include <gtest/gtest.h>

namespace chos::pam {
namespace {

TEST(PamOptions, Defaults) {
  const auto options = parse_options({});
  EXPECT_FALSE(options.deny);
  EXPECT_EQ(options.user_file, ".chos");
  EXPECT_EQ(options.min_uid, 1000u);
  EXPECT_TRUE(options.excluded.empty());
  EXPECT_EQ(options.timeout, 5u);
  EXPECT_EQ(options.fallback_shell, "/bin/sh");
  EXPECT_FALSE(options.quiet);
  EXPECT_FALSE(options.debug);
  EXPECT_EQ(options.allowlist, "/etc/chos");
  EXPECT_EQ(options.proc, "/proc/chos");
  EXPECT_TRUE(options.complaints.empty());
}

TEST(PamOptions, All) {
  const auto options = parse_options({"on_error=deny", "user_file=.config/os", "min_uid=0",
                                      "exclude_service=su,sudo", "exclude_service=cron", "timeout=600",
                                      "fallback_shell=/bin/bash", "quiet", "debug", "allowlist=/a"});
  EXPECT_TRUE(options.complaints.empty());
  EXPECT_TRUE(options.deny);
  EXPECT_EQ(options.user_file, ".config/os");
  EXPECT_EQ(options.min_uid, 0u);
  EXPECT_EQ(options.excluded, (std::vector<std::string>{"su", "sudo", "cron"}));
  EXPECT_EQ(options.timeout, 600u);
  EXPECT_EQ(options.fallback_shell, "/bin/bash");
  EXPECT_TRUE(options.quiet);
  EXPECT_TRUE(options.debug);
  EXPECT_EQ(options.allowlist, "/a");
  EXPECT_FALSE(parse_options({"on_error=deny", "on_error=base"}).deny);
}

// An administrator's mistake only adds messages to the log.
TEST(PamOptions, BadOnesAreLeftOut) {
  for (const char* word : {"",
                           "=",
                           "x",
                           "x=1",
                           "on_error",
                           "on_error=",
                           "on_error=Deny",
                           "deny",
                           "user_file=",
                           "user_file=/etc/shadow",
                           "user_file=../x",
                           "user_file=a/../b",
                           "user_file=a//b",
                           "user_file=./a",
                           "user_file=a/",
                           "min_uid=",
                           "min_uid=-1",
                           "min_uid=1x",
                           "min_uid= 1",
                           "min_uid=4294967295",
                           "min_uid=99999999999",
                           "exclude_service=",
                           "exclude_service=,",
                           "timeout=0",
                           "timeout=601",
                           "timeout=",
                           "timeout=5s",
                           "fallback_shell=bash",
                           "proc=/p",
                           "log=/l",
                           "allowlist=",
                           "quiet=yes",
                           "Quiet",
                           "debug "}) {
    const auto options = parse_options({word, "timeout=7"});
    ASSERT_EQ(options.complaints.size(), 1u) << word;
    EXPECT_TRUE(options.complaints[0].find("is ignored: ") != std::string::npos);
    EXPECT_EQ(options.timeout, 7u) << word;
    EXPECT_FALSE(options.deny) << word;
    EXPECT_EQ(options.user_file, ".chos") << word;
    EXPECT_EQ(options.min_uid, 1000u) << word;
    EXPECT_TRUE(options.excluded.empty()) << word;
    EXPECT_EQ(options.allowlist, "/etc/chos") << word;
    EXPECT_EQ(options.proc, "/proc/chos") << word;
  }
  EXPECT_NE(parse_options({"a\x1b[31m"}).complaints[0].find("\\x1b"), std::string::npos);
}

TEST(PamOptions, NeverMoved) {
  EXPECT_TRUE(is_never_moved("slurm"));
  EXPECT_FALSE(is_never_moved("sshd"));
  EXPECT_FALSE(is_never_moved(""));
}

}  // namespace
}  // namespace chos::pam
