// SPDX-License-Identifier: BSD-3-Clause
// What --help of each command prints.
#include <gtest/gtest.h>

#include <set>

#include "basic/text.h"
#include "chosctl/options.h"

namespace chos::ctl {
namespace {

using Lines = std::vector<std::string>;

std::string joined(const Lines& words) {
  std::string out;
  for (const auto& word : words) out += " " + word;
  return out;
}

Lines help_of(const Lines& command) {
  std::vector<const char*> argv{"chosctl"};
  for (const auto& word : command) argv.push_back(word.c_str());
  argv.push_back("--help");
  ::testing::internal::CaptureStdout();
  const auto result = parse_options(static_cast<int>(argv.size()), argv.data());
  const auto text = ::testing::internal::GetCapturedStdout();
  EXPECT_TRUE(std::holds_alternative<int>(result) && std::get<int>(result) == 0) << joined(command);
  Lines lines;
  for (const auto line : split(text, '\n')) lines.emplace_back(line);
  return lines;
}

// The indented lines below a title.
Lines section(const Lines& help, const std::string& title) {
  Lines found;
  auto at = std::find(help.begin(), help.end(), title);
  if (at == help.end()) return found;
  for (++at; at != help.end() && at->starts_with("  "); ++at) found.push_back(*at);
  return found;
}

// All commands that --help leads to, groups of commands and chosctl itself too.
std::vector<Lines> all_commands(const Lines& group = {}) {
  std::vector<Lines> found{group};
  for (const auto& line : section(help_of(group), "Subcommands:")) {
    // A line that continues the description of the one before has more blanks.
    if (line[2] == ' ') continue;
    Lines command = group;
    command.push_back(line.substr(2, line.find(' ', 2) - 2));
    for (auto& below : all_commands(command)) found.push_back(std::move(below));
  }
  return found;
}

TEST(Help, EachCommandHasItsOwnExamplesOnly) {
  const auto commands = all_commands();
  // chosctl, 7 commands for the node, pam and batch with 3, os with 12.
  ASSERT_EQ(commands.size(), 1U + 7U + 2U * 4U + 13U);
  std::set<std::string> shown;
  for (const auto& command : commands) {
    const auto examples = section(help_of(command), "Examples:");
    EXPECT_FALSE(examples.empty()) << joined(command);
    for (const auto& example : examples)
      EXPECT_TRUE((example + " ").starts_with("  chosctl" + joined(command) + " "))
          << joined(command) << example;
    std::string all;
    for (const auto& example : examples) all += example + "\n";
    EXPECT_TRUE(shown.insert(all).second) << joined(command) << " has the examples of another command";
  }
}

TEST(Help, ItsExamplesHaveTwoColumns) {
  for (const auto& command : all_commands()) {
    std::set<std::size_t> columns;
    for (const auto& example : section(help_of(command), "Examples:")) {
      const auto gap = example.find("  ", 2);
      ASSERT_NE(gap, std::string::npos) << example;
      columns.insert(example.find_first_not_of(' ', gap));
      EXPECT_LE(example.size(), 100U) << example;
    }
    EXPECT_EQ(columns.size(), 1U) << joined(command);
  }
}

// An example that chosctl itself would refuse misleads.
TEST(Help, ItsExamplesAreCommandLines) {
  for (const auto& command : all_commands())
    for (const auto& example : section(help_of(command), "Examples:")) {
      std::string line = example.substr(2, example.find("  ", 2) - 2);
      line.resize(std::min(line.size(), line.find(" >")));  // what the shell takes
      Lines words;
      for (const auto word : split(line, ' ')) words.emplace_back(word);
      std::vector<const char*> argv;
      for (const auto& word : words) argv.push_back(word.c_str());
      const auto result = parse_options(static_cast<int>(argv.size()), argv.data());
      EXPECT_TRUE(std::holds_alternative<Options>(result)) << line;
    }
}

}  // namespace
}  // namespace chos::ctl
