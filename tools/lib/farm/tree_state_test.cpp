// SPDX-License-Identifier: BSD-3-Clause
#include "farm/tree_state.h"

#include <gtest/gtest.h>

#include "allowlist/parse.h"
#include "scratch.h"

namespace chos {
namespace {

class ProblemsFile : public test::Scratch {};

Allowlist list_of(const std::string& text) {
  const auto parsed = parse_allowlist(
      text, "list", [](const std::string& name) -> Result<gid_t> { return gid_t(name.size()); });
  EXPECT_TRUE(parsed.list) << parsed.error_text();
  return parsed.list ? *parsed.list : Allowlist();
}

TEST(TreeStates, TheKernelClosesOsesWithoutTrees) {
  const auto list = list_of("a:/os/a\nb:/os/b:suid\nc:/os/c:closed\nd:/os/d\n");
  TreeStates states;
  states.set(list.entries()[1], {.missing = true});
  states.set(list.entries()[3], {.silent = true});
  EXPECT_EQ(render_for_kernel(states.for_kernel(list)),
            "a:/os/a\nb:/os/b:closed,suid\nc:/os/c:closed\nd:/os/d\n");
  EXPECT_FALSE(states.of(list.entries()[0]).out_of_reach());
  EXPECT_TRUE(states.of(list.entries()[1]).out_of_reach());
  EXPECT_TRUE(states.of(list.entries()[3]).out_of_reach());
}

TEST(TreeStates, AreDescribedWithTheEntry) {
  const auto list = list_of("open:/os/a\ngroup:/os/b:groups=physics\nclosed:/os/c:closed\nsuid:/os/d:suid\n");
  const auto& entries = list.entries();
  const TreeState there, missing{.missing = true}, silent{.silent = true}, both{true, true};
  for (const auto& entry : entries) EXPECT_EQ(describe_state(entry, there), describe_state(entry));
  EXPECT_EQ(describe_state(entries[0], missing), "no tree");
  EXPECT_EQ(describe_state(entries[0], silent), "open, server does not answer");
  EXPECT_EQ(describe_state(entries[0], both), "server does not answer");
  EXPECT_EQ(describe_state(entries[1], missing), "no tree, group physics");
  EXPECT_EQ(describe_state(entries[1], silent), "server does not answer, group physics");
  EXPECT_EQ(describe_state(entries[2], missing), "closed");
  EXPECT_EQ(describe_state(entries[2], silent), "closed, server does not answer");
  EXPECT_EQ(describe_state(entries[3], silent), "open, server does not answer, suid");
  const TreeState unusable{.problem = "why"};
  EXPECT_EQ(describe_state(entries[0], unusable), "tree unusable");
  EXPECT_EQ(describe_state(entries[1], unusable), "tree unusable, group physics");
  EXPECT_EQ(describe_state(entries[2], unusable), "closed, tree unusable");
}

TEST(TreeStates, AProblemIsOfAllNamesAndStays) {
  const auto list = list_of("a:/os/a\nb:/os/b\nagain:/os/a\n");
  TreeStates states;
  states.set_problem(list, list.entries()[0], "why");
  states.set(list.entries()[0], {.silent = true});
  EXPECT_EQ(render_for_kernel(states.for_kernel(list)), "a:/os/a:closed\nb:/os/b\nagain:/os/a:closed\n");
  EXPECT_TRUE(states.of(list.entries()[2]).out_of_reach());
  EXPECT_EQ(problems_of(list, states), (TreeProblems{{"a", "why"}, {"again", "why"}}));
  EXPECT_EQ(problems_text({{"a", "why"}}), "1 OS is closed because its tree cannot be prepared: a");
  EXPECT_EQ(problems_text({}), "");
}

TEST_F(ProblemsFile, KeepsEachProblemOnALine) {
  const std::string file = path("problems");
  ASSERT_TRUE(write_problems(file, {{"a", "a\nb:\tforged\x1b[31m"}, {"b", "why"}}));
  const auto read = read_problems(file);
  ASSERT_EQ(read.size(), 2U);
  EXPECT_EQ(read.at("b"), "why");
  EXPECT_EQ(read.at("a").find_first_of("\n\t\x1b"), std::string::npos) << read.at("a");
  EXPECT_EQ(mode_of("problems") & 07777, 0644U);
  ASSERT_TRUE(write_problems(file, {}));
  EXPECT_TRUE(names().empty());
  EXPECT_TRUE(write_problems(path("none/problems"), {}));
  EXPECT_TRUE(read_problems(file).empty());
}

}  // namespace
}  // namespace chos
