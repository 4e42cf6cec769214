// SPDX-License-Identifier: BSD-3-Clause
// Reading the files of /etc/pam.d, and what chosctl would write into them.
#include "pamd/stack.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "pamd/plan.h"
#include "pamd/rule.h"

namespace chos::test {
namespace {

using Texts = std::map<std::string, std::string>;

constexpr const char* rule_line = "-session  optional  pam_chos.so\n";

Texts debian(const std::string& release) {
  Texts texts;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(CHOS_PAM_DATA) + "/" + release)) {
    std::ostringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    texts[entry.path().filename()] = text.str();
  }
  return texts;
}

PamSource source_of(const Texts& texts) {
  const auto find = [&texts](const std::string& name) -> Result<std::string> {
    const auto at = texts.find(name);
    if (at == texts.end()) return Error{name + " does not exist", "", ENOENT};
    return at->second;
  };
  return {"/pam", find, find};
}

PamPlan enable(const Texts& texts, const std::vector<std::string>& services, const PamWish& wish = {}) {
  std::vector<std::string> names;
  for (const auto& [name, text] : texts) names.push_back(name);
  return plan_pam_enable(services, wish, names, source_of(texts));
}

void carry_out(Texts& texts, const PamPlan& plan) {
  ASSERT_TRUE(plan.refusals.empty()) << plan.refusals.front().second.what;
  for (const auto& change : plan.changes) texts[change.service] = change.new_text;
}

void disable(Texts& texts, const std::vector<std::string>& services) {
  carry_out(texts, plan_pam_disable(services, source_of(texts)));
}

// The refusal of one file `x`; empty if it is taken.
std::string refusal(const std::string& text, Texts others = {}) {
  others["x"] = text;
  const auto plan = enable(others, {"x"});
  if (plan.refusals.empty()) return {};
  EXPECT_TRUE(plan.changes.empty());
  EXPECT_FALSE(plan.refusals.front().second.remedy.empty());
  return plan.refusals.front().second.what;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

bool may_be_enabled(const std::string& service) {
  return service != "other" && !service.starts_with("common-");
}

const char* const releases[] = {"11", "12", "13"};

TEST(PamStack, DebianFilesAreUnderstood) {
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

TEST(PamStack, DebianEnableAndDisableIsTheSameFile) {
  PamWish deny;
  deny.deny = true;
  deny.options = {"min_uid=500", "quiet"};
  for (const char* release : releases) {
    const auto original = debian(release);
    for (const auto& [name, text] : original) {
      if (!may_be_enabled(name)) continue;
      for (const auto& wish : {PamWish{}, deny}) {
        auto texts = original;
        const auto first = enable(texts, {name}, wish);
        carry_out(texts, first);
        ASSERT_EQ(first.changes.size(), 1u);
        EXPECT_TRUE(first.changes[0].changes);
        EXPECT_EQ(first.changes[0].backup_text, text);
        EXPECT_EQ(texts[name].size(), text.size() + pam_block(wish, true).size()) << name;

        // It is the last rule of the session, with all that is included.
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
        EXPECT_EQ(again.changes[0].what, "enabled already");

        disable(texts, {name});
        EXPECT_EQ(texts, original) << release << " " << name;
        EXPECT_EQ(pam_state(name, source_of(texts)).what, PamState::What::not_enabled);
      }
    }
  }
}

TEST(PamStack, DebianAllAtOnce) {
  for (const char* release : releases) {
    const auto original = debian(release);
    auto texts = original;
    std::vector<std::string> services;
    for (const auto& [name, text] : original)
      if (may_be_enabled(name)) services.push_back(name);
    // Those that include others first: the order must not matter.
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

TEST(PamStack, IncludedLater) {
  auto texts = debian("12");
  carry_out(texts, enable(texts, {"su-l"}));
  EXPECT_EQ(pam_state("su-l", source_of(texts)).what, PamState::What::enabled);
  // su alone would make it twice for su-l: said; both: its own rule goes.
  const auto warned = enable(texts, {"su"});
  ASSERT_EQ(warned.changes[0].warnings.size(), 1u);
  EXPECT_TRUE(has(warned.changes[0].warnings[0], "chosctl pam enable su su-l"));
  carry_out(texts, enable(texts, {"su-l", "su"}));
  EXPECT_EQ(texts["su-l"], debian("12")["su-l"]);
  EXPECT_EQ(pam_state("su-l", source_of(texts)).what, PamState::What::through);
  // Other options for su-l than su has cannot be had.
  PamWish quiet;
  quiet.options = {"quiet"};
  EXPECT_TRUE(has(enable(texts, {"su-l"}, quiet).changes[0].warnings.at(0), "options of su"));
  // A service that goes on after it includes su.
  texts["mine"] = "session include su\nsession required pam_limits.so\n";
  disable(texts, {"su"});
  EXPECT_TRUE(has(enable(texts, {"su"}).changes[0].warnings.at(0), "/pam/mine:2"));
  carry_out(texts, enable(texts, {"su"}));
  const auto state = pam_state("mine", source_of(texts));
  EXPECT_EQ(state.what, PamState::What::through);
  EXPECT_FALSE(state.last);
}

TEST(PamStack, TheRuleIsKeptLast) {
  const std::string base = "auth required a.so\nsession required b.so\n";
  Texts texts{{"x", base}, {"pw", "password required c.so\n"}, {"s", "session required d.so\n"}};
  carry_out(texts, enable(texts, {"x"}));
  EXPECT_EQ(texts["x"], base + pam_block({}, true));
  EXPECT_TRUE(texts["x"].ends_with(rule_line));
  const auto enabled = texts["x"];

  // What is appended and does not concern the session leaves it where it is.
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

  // Other options replace the rule where it is.
  texts["x"] = enabled + "password required c.so\n";
  PamWish deny;
  deny.deny = true;
  const auto plan = enable(texts, {"x"}, deny);
  EXPECT_EQ(plan.changes.at(0).what, "rule replaced");
  EXPECT_TRUE(has(plan.changes[0].new_text, "default=die]  pam_chos.so on_error=deny\npassword"));
  carry_out(texts, plan);
  disable(texts, {"x"});
  EXPECT_EQ(texts["x"], base + "password required c.so\n");
}

TEST(PamStack, NoNewlineAtTheEnd) {
  const std::string base = "session required b.so";
  Texts texts{{"x", base}};
  carry_out(texts, enable(texts, {"x"}));
  EXPECT_TRUE(texts["x"].starts_with(base + "\n#")) << texts["x"];
  EXPECT_TRUE(texts["x"].ends_with(rule_line));
  EXPECT_FALSE(enable(texts, {"x"}).changes[0].changes);
  auto appended = texts;
  disable(texts, {"x"});
  EXPECT_EQ(texts["x"], base);
  // The newline is needed once something has come below.
  appended["x"] += "password required c.so\n";
  disable(appended, {"x"});
  EXPECT_EQ(appended["x"], base + "\npassword required c.so\n");
}

TEST(PamStack, RulesWrittenByHand) {
  const std::string base = "session required b.so\n";
  Texts texts{{"x", "session optional /usr/lib/security/pam_chos.so quiet\n" + base}};
  auto state = pam_state("x", source_of(texts));
  EXPECT_EQ(state.what, PamState::What::not_last);
  EXPECT_TRUE(state.by_hand);
  EXPECT_EQ(state.arguments, std::vector<std::string>{"quiet"});
  const auto plan = enable(texts, {"x"});
  EXPECT_TRUE(has(plan.changes.at(0).what, "line 1, written by hand, replaced"));
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
  // A comment that has lost its rule.
  texts["x"] = base + pam_block({}, true);
  texts["x"].resize(texts["x"].size() - std::string(rule_line).size());
  disable(texts, {"x"});
  EXPECT_EQ(texts["x"], base);
}

TEST(PamStack, RefusesWhatItDoesNotUnderstand) {
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
  // disable takes ours out even so.
  Texts texts{{"x", ok + "foo\n" + pam_block({}, true)}};
  disable(texts, {"x"});
  EXPECT_EQ(texts["x"], ok + "foo\n");
}

TEST(PamStack, Understands) {
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

TEST(PamStack, TheEndMustBeReached) {
  // Jumps: onto our rule is right, over it is not.
  const std::string jump = "session [success=1 default=ignore] a.so\n";
  const std::string plain = "session required b.so\n";
  EXPECT_TRUE(has(refusal(plain + jump), "/pam/x:2: this session rule may skip 1 rule, and"));
  EXPECT_EQ(refusal(jump + plain), "");
  EXPECT_TRUE(has(refusal("session [success=2 default=ignore] a.so\n" + plain), "skip 2 rules"));
  EXPECT_EQ(refusal("session [success=2 default=ignore] a.so\n" + plain + plain), "");
  EXPECT_TRUE(
      has(refusal("session [success=2 default=ignore] a.so\nauth required c.so\n" + plain), "only 1 follow"));
  // An included file counts as its rules, a substack as one.
  const Texts two{{"y", plain + plain}};
  EXPECT_EQ(refusal("session [success=2 default=ignore] a.so\n@include y\n", two), "");
  EXPECT_EQ(refusal("session [success=2 default=ignore] a.so\nsession include y\n", two), "");
  EXPECT_TRUE(
      has(refusal("session [success=2 default=ignore] a.so\nsession substack y\n", two), "only 1 follow"));
  EXPECT_TRUE(has(refusal(plain + "@include y\n", {{"y", jump}}), "y:1: this session rule may"));
  EXPECT_EQ(refusal(plain + "session substack y\n", {{"y", jump}}), "");

  // sufficient, done.
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

  // Without a session rule PAM takes those of other: ours alone would fail sessions.
  EXPECT_TRUE(has(refusal("auth required a.so\n"), "has no session rule"));
  EXPECT_TRUE(has(refusal("@include y\n", {{"y", "auth required a.so\n"}}), "has no session rule"));
  EXPECT_TRUE(has(refusal(""), "has no session rule"));
}

TEST(PamStack, RefusesServices) {
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
