// SPDX-License-Identifier: BSD-3-Clause
// What `chosctl pam` writes to the files of /etc/pam.d, and the state that it reports.
#include "pamd/plan.h"

#include <algorithm>

#include "pamd/parse.h"
#include "pamd/plan_fixture.h"
#include "pamd/stack.h"

namespace chos::test {
namespace {

TEST(PamPlan, DisableRestoresDebianFiles) {
  PamRuleOptions deny;
  deny.deny = true;
  deny.options = {"min_uid=500", "quiet"};
  for (const char* release : releases) {
    const auto original = debian(release);
    for (const auto& [name, text] : original) {
      if (!may_be_enabled(name)) continue;
      for (const auto& wish : {PamRuleOptions{}, deny}) {
        auto texts = original;
        const auto first = enable(texts, {name}, wish);
        carry_out(texts, first);
        ASSERT_EQ(first.changes.size(), 1u);
        EXPECT_TRUE(first.changes[0].changes);
        EXPECT_EQ(first.changes[0].backup_text, text);
        EXPECT_EQ(texts[name].size(), text.size() + pam_block(wish, true).size()) << name;

        // It is the last rule of the session stack, including all included files.
        const auto stack = session_stack(parse_pam(name, texts[name]), source_of(texts).included);
        ASSERT_TRUE(stack);
        EXPECT_TRUE(stack->entries.back().rule.is_chos()) << release << " " << name;
        EXPECT_EQ(stack->entries.back().through, "");
        const auto state = pam_state(name, source_of(texts));
        EXPECT_EQ(state.what, PamState::What::enabled) << state.problem;
        EXPECT_EQ(state.problem, "");

        const auto again = enable(texts, {name}, wish);
        ASSERT_TRUE(again.refusals.empty());
        EXPECT_FALSE(again.changes[0].changes);
        EXPECT_EQ(again.changes[0].new_text, texts[name]);
        EXPECT_EQ(again.changes[0].what, "already enabled");

        disable(texts, {name});
        EXPECT_EQ(texts, original) << release << " " << name;
        EXPECT_EQ(pam_state(name, source_of(texts)).what, PamState::What::not_enabled);
      }
    }
  }
}

TEST(PamPlan, AllDebianServicesAtOnce) {
  for (const char* release : releases) {
    const auto original = debian(release);
    auto texts = original;
    std::vector<std::string> services;
    for (const auto& [name, text] : original)
      if (may_be_enabled(name)) services.push_back(name);
    // Services that include others come first: the order must not matter.
    std::reverse(services.begin(), services.end());
    const auto plan = enable(texts, services);
    carry_out(texts, plan);
    for (const auto& change : plan.changes) {
      const bool inner = change.service == "su-l" || change.service == "runuser-l";
      EXPECT_EQ(change.changes, !inner) << change.service;
      EXPECT_TRUE(change.warnings.empty()) << change.warnings.front();
    }
    for (const auto& name : services) {
      const auto state = pam_state(name, source_of(texts));
      EXPECT_TRUE(state.present() && state.last && state.problem.empty()) << name;
      const bool inner = name == "su-l" || name == "runuser-l";
      EXPECT_EQ(state.what == PamState::What::through, inner) << name;
    }
    EXPECT_EQ(pam_state("su-l", source_of(texts)).through, "su");
    for (const auto& change : enable(texts, services).changes) EXPECT_FALSE(change.changes);
    disable(texts, services);
    EXPECT_EQ(texts, original);
  }
}

TEST(PamPlan, AnIncludedServiceIsEnabledLater) {
  auto texts = debian("12");
  carry_out(texts, enable(texts, {"su-l"}));
  EXPECT_EQ(pam_state("su-l", source_of(texts)).what, PamState::What::enabled);
  // Enabling only su would run the rule twice in su-l, which a warning says.  Enabling both removes
  // su-l's own rule.
  const auto warned = enable(texts, {"su"});
  ASSERT_EQ(warned.changes[0].warnings.size(), 1u);
  EXPECT_TRUE(has(warned.changes[0].warnings[0], "chosctl pam enable su su-l"));
  carry_out(texts, enable(texts, {"su-l", "su"}));
  EXPECT_EQ(texts["su-l"], debian("12")["su-l"]);
  EXPECT_EQ(pam_state("su-l", source_of(texts)).what, PamState::What::through);
  // su-l cannot have other options than su.
  PamRuleOptions quiet;
  quiet.options = {"quiet"};
  EXPECT_TRUE(has(enable(texts, {"su-l"}, quiet).changes[0].warnings.at(0), "options of su"));
  // A service that has a rule after the one that includes su.
  texts["mine"] = "session include su\nsession required pam_limits.so\n";
  disable(texts, {"su"});
  EXPECT_TRUE(has(enable(texts, {"su"}).changes[0].warnings.at(0), "/pam/mine:2"));
  carry_out(texts, enable(texts, {"su"}));
  const auto state = pam_state("mine", source_of(texts));
  EXPECT_EQ(state.what, PamState::What::through);
  EXPECT_FALSE(state.last);
}

TEST(PamPlan, TheRuleIsKeptLast) {
  const std::string base = "auth required a.so\nsession required b.so\n";
  Texts texts{{"x", base}, {"pw", "password required c.so\n"}, {"s", "session required d.so\n"}};
  carry_out(texts, enable(texts, {"x"}));
  EXPECT_EQ(texts["x"], base + pam_block({}, true));
  EXPECT_TRUE(texts["x"].ends_with(rule_line));
  const auto enabled = texts["x"];

  // Rules below it that do not belong to the session do not move it.
  texts["x"] += "password required c.so\n@include pw\n";
  EXPECT_FALSE(enable(texts, {"x"}).changes[0].changes);
  EXPECT_EQ(pam_state("x", source_of(texts)).what, PamState::What::enabled);

  for (const std::string added : {"session optional e.so\n", "@include s\n", "-session include s\n",
                                  "SESSION \\\n  [default=ok] e.so\n", "session substack s\n"}) {
    texts["x"] = enabled + added;
    EXPECT_EQ(pam_state("x", source_of(texts)).what, PamState::What::not_last) << added;
    const auto plan = enable(texts, {"x"});
    EXPECT_TRUE(has(plan.changes.at(0).what, "moved")) << added;
    EXPECT_EQ(plan.changes[0].new_text, base + added + pam_block({}, true));
    disable(texts, {"x"});
    EXPECT_EQ(texts["x"], base + added);
  }

  // With other options the rule is replaced in place.
  texts["x"] = enabled + "password required c.so\n";
  PamRuleOptions deny;
  deny.deny = true;
  const auto plan = enable(texts, {"x"}, deny);
  EXPECT_EQ(plan.changes.at(0).what, "rule replaced");
  EXPECT_TRUE(has(plan.changes[0].new_text, "default=die]  pam_chos.so on_error=deny\npassword"));
  carry_out(texts, plan);
  disable(texts, {"x"});
  EXPECT_EQ(texts["x"], base + "password required c.so\n");
}

TEST(PamPlan, NoNewlineAtTheEnd) {
  const std::string base = "session required b.so";
  Texts texts{{"x", base}};
  carry_out(texts, enable(texts, {"x"}));
  EXPECT_TRUE(texts["x"].starts_with(base + "\n#")) << texts["x"];
  EXPECT_TRUE(texts["x"].ends_with(rule_line));
  EXPECT_FALSE(enable(texts, {"x"}).changes[0].changes);
  auto appended = texts;
  disable(texts, {"x"});
  EXPECT_EQ(texts["x"], base);
  // The newline is needed once a line has been added below.
  appended["x"] += "password required c.so\n";
  disable(appended, {"x"});
  EXPECT_EQ(appended["x"], base + "\npassword required c.so\n");
}

TEST(PamPlan, RulesWrittenByHand) {
  const std::string base = "session required b.so\n";
  Texts texts{{"x", "session optional /usr/lib/security/pam_chos.so quiet\n" + base}};
  auto state = pam_state("x", source_of(texts));
  EXPECT_EQ(state.what, PamState::What::not_last);
  EXPECT_TRUE(state.by_hand);
  EXPECT_EQ(state.arguments, std::vector<std::string>{"quiet"});
  const auto plan = enable(texts, {"x"});
  EXPECT_TRUE(has(plan.changes.at(0).what, "replaced line 1, which was written by hand"));
  EXPECT_EQ(plan.changes[0].new_text, base + pam_block({}, true));
  EXPECT_EQ(plan.changes[0].backup_text, texts["x"]);
  disable(texts, {"x"});
  EXPECT_EQ(texts["x"], base);

  const std::string twice = base + "session optional pam_chos.so\nsession optional pam_chos.so\n";
  EXPECT_TRUE(has(refusal(twice), "lines 2 and 3"));
  texts["x"] = twice;
  EXPECT_EQ(plan_pam_disable({"x"}, source_of(texts)).refusals.size(), 1u);
  EXPECT_EQ(pam_state("x", source_of(texts)).what, PamState::What::not_understood);
  EXPECT_TRUE(
      has(refusal(base + "session optional pam_chos.so\n" + pam_block({}, true)), "several session rules"));
  EXPECT_TRUE(has(refusal(base + "auth optional pam_chos.so\n"), "/pam/x:2: pam_chos.so works in"));
  // The comment without its rule.
  texts["x"] = base + pam_block({}, true);
  texts["x"].resize(texts["x"].size() - std::string(rule_line).size());
  disable(texts, {"x"});
  EXPECT_EQ(texts["x"], base);
}

TEST(PamPlan, RefusesSharedAndInvalidServices) {
  for (const char* name : {"common-session", "common-session-noninteractive", "other", "slurm", "chos",
                           "chos-test", "password-auth", "../sshd", ".sshd", "", "a b"}) {
    const Texts texts{{name, "session required b.so\n"}};
    const auto plan = enable(texts, {name});
    ASSERT_EQ(plan.refusals.size(), 1u) << name;
    EXPECT_FALSE(plan.refusals[0].second.what.empty());
  }
  // One refusal does not hide another.
  const Texts texts{{"sshd", "session required b.so\n"}};
  EXPECT_EQ(enable(texts, {"sshd", "slurm", "nope"}).refusals.size(), 2u);
}

}  // namespace
}  // namespace chos::test
