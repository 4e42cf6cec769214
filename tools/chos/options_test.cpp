// SPDX-License-Identifier: BSD-3-Clause
#include "chos/options.h"

#include <gtest/gtest.h>

namespace chos {
namespace {

tool::Options parsed(const std::vector<std::string>& arguments) {
  const auto result = tool::parse_options(arguments);
  const auto* options = std::get_if<tool::Options>(&result);
  EXPECT_NE(options, nullptr);
  return options == nullptr ? tool::Options{} : *options;
}

TEST(ChosOptions, AreBeforeTheCommand) {
  const std::vector<std::string> command{"ls", "-l", "--", "--json"};
  for (const auto& start : std::vector<std::vector<std::string>>{
           {"-o", "trixie"}, {"-otrixie"}, {"--os", "trixie"}, {"--os=trixie"}, {"-o", "trixie", "--"}}) {
    auto arguments = start;
    arguments.insert(arguments.end(), command.begin(), command.end());
    const auto options = parsed(arguments);
    EXPECT_EQ(options.os, "trixie");
    EXPECT_EQ(options.command, command);
    EXPECT_FALSE(options.json);
  }
  EXPECT_EQ(parsed({"ls", "-l"}).command, (std::vector<std::string>{"ls", "-l"}));
  EXPECT_FALSE(parsed({"ls", "-l"}).os);
  EXPECT_EQ(parsed({"--", "-x"}).command, (std::vector<std::string>{"-x"}));
  EXPECT_EQ(parsed({"--set", "sl6"}).set_name, "sl6");
  EXPECT_EQ(parsed({"-o", ""}).os, "");
  EXPECT_TRUE(parsed({"--list", "--json"}).json);
}

TEST(ChosOptions, BadOnesAreRefused) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{{"-o"},
                                                                     {"--nope"},
                                                                     {"--list", "--why"},
                                                                     {"--list", "ls"},
                                                                     {"--json"},
                                                                     {"--set"},
                                                                     {"--json", "ls"},
                                                                     {"--set", "a", "--current"},
                                                                     {"-x"}}) {
    const auto result = tool::parse_options(arguments);
    const int* status = std::get_if<int>(&result);
    ASSERT_NE(status, nullptr) << arguments.front();
    EXPECT_EQ(*status, 126);
  }
}

}  // namespace
}  // namespace chos
