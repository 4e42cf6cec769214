// SPDX-License-Identifier: BSD-3-Clause
#include "farm/tree_state.h"

#include <gtest/gtest.h>

#include "allowlist/parse.h"

namespace chos {
namespace {

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
}

}  // namespace
}  // namespace chos
