// SPDX-License-Identifier: BSD-3-Clause
// The rule that `chosctl pam` writes, and the options that it accepts.
#include "pamd/rule.h"

#include <gtest/gtest.h>

namespace chos::test {
namespace {

TEST(PamRule, Options) {
  const std::vector<std::string> all = {
      "user_file=.chos", "min_uid=500", "exclude_service=a,b-c", "timeout=5", "fallback_shell=/bin/sh",
      "quiet",           "debug"};
  const auto wish = make_pam_rule_options(false, all);
  ASSERT_TRUE(wish);
  EXPECT_EQ(pam_rule_text(*wish),
            "-session  optional  pam_chos.so user_file=.chos min_uid=500 exclude_service=a,b-c "
            "timeout=5 fallback_shell=/bin/sh quiet debug");
  const std::string deny =
      "session  [success=ok ignore=ignore module_unknown=ignore default=die]  "
      "pam_chos.so on_error=deny quiet";
  EXPECT_EQ(pam_rule_text(*make_pam_rule_options(true, {"quiet"})), deny);
  EXPECT_EQ(pam_rule_text(*make_pam_rule_options(false, {"quiet", "on_error=deny"})), deny);
  EXPECT_EQ(pam_rule_text(*make_pam_rule_options(true, {"quiet", "on_error=deny"})), deny);
  EXPECT_EQ(pam_rule_text(*make_pam_rule_options(false, {"on_error=base"})),
            "-session  optional  pam_chos.so on_error=base");
  for (const char* bad : {"",
                          "nope",
                          "quiet=1",
                          "on_error",
                          "on_error=",
                          "on_error=no",
                          "user_file=",
                          "user_file=/etc/x",
                          "user_file=../x",
                          "user_file=a/../b",
                          "user_file=a b",
                          "user_file=a#b",
                          "user_file=[a]",
                          "user_file=a\\",
                          "min_uid=-1",
                          "min_uid=1x",
                          "min_uid=4294967295",
                          "exclude_service=",
                          "exclude_service=a,,b",
                          "exclude_service=a/b",
                          "timeout=0",
                          "timeout=601",
                          "user_file=./a",
                          "user_file=a/",
                          "timeout=1.5",
                          "fallback_shell=sh",
                          "fallback_shell=/bin/../sh",
                          "fallback_shell=/",
                          "quiet\nauth sufficient pam_permit.so",
                          "fallback_shell=/a\nb",
                          "user_file=a\nb"}) {
    const auto wrong = make_pam_rule_options(false, {bad});
    EXPECT_FALSE(wrong) << bad;
  }
  EXPECT_FALSE(make_pam_rule_options(false, {"quiet", "quiet"}));
  EXPECT_FALSE(make_pam_rule_options(false, {"min_uid=1", "min_uid=2"}));
  EXPECT_FALSE(make_pam_rule_options(true, {"on_error=base"}));
  EXPECT_FALSE(make_pam_rule_options(
      false, {"exclude_service=" + std::string(150, 'a') + "," + std::string(150, 'b'),
              "user_file=" + std::string(250, 'c'), "fallback_shell=/" + std::string(250, 'd')}));
}

}  // namespace
}  // namespace chos::test
