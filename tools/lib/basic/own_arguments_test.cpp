// SPDX-License-Identifier: BSD-3-Clause
#include "basic/own_arguments.h"

#include <gtest/gtest.h>

namespace chos {
namespace {

TEST(OwnArguments, EndAtTheCommand) {
  const auto count = [](const std::vector<std::string>& words) {
    return count_own_arguments(words, {"-o", "--os", "--set"}, {"--sge"});
  };
  EXPECT_EQ(count({}), 0u);
  EXPECT_EQ(count({"ls", "-l"}), 0u);
  EXPECT_EQ(count({"-o", "trixie", "ls", "-o", "x"}), 2u);
  EXPECT_EQ(count({"-o", "trixie", "--", "ls", "--"}), 3u);
  EXPECT_EQ(count({"-otrixie", "ls"}), 1u);
  EXPECT_EQ(count({"--os=trixie", "--list", "ls"}), 2u);
  EXPECT_EQ(count({"--set", "-x"}), 2u);
  EXPECT_EQ(count({"--sge", "-s", "x"}), 1u);
  EXPECT_EQ(count({"-o", "--sge", "-s", "--sge", "-s"}), 4u);
  EXPECT_EQ(count({"-"}), 0u);
}

}  // namespace
}  // namespace chos
