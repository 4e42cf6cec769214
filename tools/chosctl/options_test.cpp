// SPDX-License-Identifier: BSD-3-Clause
#include "chosctl/options.h"

#include <gtest/gtest.h>

namespace chos {
namespace {

TEST(ChosctlOptions, AreOfTheirCommands) {
  const auto run = [](std::vector<const char*> words) {
    words.insert(words.begin(), "chosctl");
    return ctl::parse_options(static_cast<int>(words.size()), words.data());
  };
  const auto up = run({"--config", "/c", "up", "--module", "/m.ko", "--allowlist", "/a"});
  ASSERT_TRUE(std::holds_alternative<ctl::Options>(up));
  const auto& options = std::get<ctl::Options>(up);
  EXPECT_EQ(options.command, ctl::Command::up);
  EXPECT_EQ(options.config, "/c");
  EXPECT_EQ(options.allowlist, "/a");
  EXPECT_EQ(options.module_file, "/m.ko");
  EXPECT_TRUE(std::get<ctl::Options>(run({"down", "--force"})).force);
  EXPECT_TRUE(std::get<ctl::Options>(run({"doctor", "--json"})).json);
  for (const auto& words : std::vector<std::vector<const char*>>{
           {}, {"nope"}, {"up", "down"}, {"up", "--force"}, {"up", "x"}, {"--module", "x", "up"}}) {
    const auto bad = run(words);
    ASSERT_TRUE(std::holds_alternative<int>(bad));
    EXPECT_EQ(std::get<int>(bad), 2);
  }
}

}  // namespace
}  // namespace chos
