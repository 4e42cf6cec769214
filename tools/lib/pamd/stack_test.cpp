// SPDX-License-Identifier: BSD-3-Clause
// Whether a rule at the end of a session stack is reached.
#include "pamd/stack.h"

#include "pamd/plan_fixture.h"

namespace chos::test {
namespace {

TEST(PamStack, TheEndMustBeReached) {
  // A rule may jump to our rule, but not over it.
  const std::string jump = "session [success=1 default=ignore] a.so\n";
  const std::string plain = "session required b.so\n";
  EXPECT_TRUE(has(refusal(plain + jump), "/pam/x:2: this session rule may skip 1 rule, and"));
  EXPECT_EQ(refusal(jump + plain), "");
  EXPECT_TRUE(has(refusal("session [success=2 default=ignore] a.so\n" + plain), "skip 2 rules"));
  EXPECT_EQ(refusal("session [success=2 default=ignore] a.so\n" + plain + plain), "");
  EXPECT_TRUE(
      has(refusal("session [success=2 default=ignore] a.so\nauth required c.so\n" + plain), "only 1 follow"));
  // An included file counts as many rules as it has, a substack as one.
  const Texts two{{"y", plain + plain}};
  EXPECT_EQ(refusal("session [success=2 default=ignore] a.so\n@include y\n", two), "");
  EXPECT_EQ(refusal("session [success=2 default=ignore] a.so\nsession include y\n", two), "");
  EXPECT_TRUE(
      has(refusal("session [success=2 default=ignore] a.so\nsession substack y\n", two), "only 1 follow"));
  EXPECT_TRUE(has(refusal(plain + "@include y\n", {{"y", jump}}), "y:1: this session rule may"));
  EXPECT_EQ(refusal(plain + "session substack y\n", {{"y", jump}}), "");

  // Rules with sufficient or done.
  for (const std::string last :
       {"session sufficient a.so\n", "session [success=done] a.so\n", "session SUFFICIENT a.so\n"}) {
    EXPECT_TRUE(has(refusal(plain + last), "/pam/x:2: this session rule may end the stack"));
    EXPECT_TRUE(has(refusal(last + plain), "/pam/x:1"));
    const Texts inner{{"y", last}};
    EXPECT_EQ(refusal(plain + "session substack y\n", inner), "");
    EXPECT_EQ(refusal(plain + "@include y\n", inner), "");
    Texts texts{{"x", plain + "@include y\n"}, {"y", last}};
    const auto plan = enable(texts, {"x"});
    ASSERT_EQ(plan.changes.at(0).warnings.size(), 1u);
    EXPECT_TRUE(has(plan.changes[0].warnings[0], "y:1"));
  }
  EXPECT_EQ(refusal(plain + "auth sufficient a.so\n"), "");

  // Without a session rule PAM uses those of `other`; with ours alone sessions would fail.
  EXPECT_TRUE(has(refusal("auth required a.so\n"), "has no session rule"));
  EXPECT_TRUE(has(refusal("@include y\n", {{"y", "auth required a.so\n"}}), "has no session rule"));
  EXPECT_TRUE(has(refusal(""), "has no session rule"));
}

}  // namespace
}  // namespace chos::test
