// SPDX-License-Identifier: BSD-3-Clause
// The small parts: transactions, tables, processes, the command line of chos.
#include <gtest/gtest.h>
#include <unistd.h>

#include "basic/own_arguments.h"
#include "basic/process_info.h"
#include "basic/table.h"
#include "basic/transaction.h"
#include "chos/options.h"
#include "chosctl/options.h"
#include "config/config.h"
#include "farm/layout.h"
#include "kernel/module.h"

namespace chos {
namespace {

TEST(Transactions, UndoInReverseAndToTheEnd) {
  std::string order;
  Transaction changes;
  changes.done("a", [&order]() -> Status {
    order += "a";
    return {};
  });
  changes.done("b", [&order]() -> Status {
    order += "b";
    return Error{"no", "", 5};
  });
  changes.done("c", [&order]() -> Status {
    order += "c";
    return {};
  });
  const auto undone = changes.rollback();
  EXPECT_EQ(order, "cba");
  ASSERT_EQ(undone.size(), 3u);
  EXPECT_EQ(undone[1].what, "b");
  EXPECT_FALSE(undone[1].status);
  EXPECT_TRUE(changes.rollback().empty());
  changes.done("d", [&order]() -> Status {
    order += "d";
    return {};
  });
  changes.commit();
  EXPECT_TRUE(changes.rollback().empty());
  EXPECT_EQ(order, "cba");
}

TEST(Tables, Align) {
  Table table({"", "NAME", "X"});
  EXPECT_TRUE(table.empty());
  table.add({"*", "a", ""});
  table.add({"", "long", "y"});
  EXPECT_EQ(table.text(), "  NAME  X\n* a\n  long  y\n");
}

TEST(Processes, Describe) {
  const auto self = describe_process(::getpid());
  ASSERT_TRUE(self);
  EXPECT_EQ(self->uid, ::geteuid());
  EXPECT_NE(self->command.find("chos_ctl_tests"), std::string::npos);
  EXPECT_FALSE(describe_process(0x7ffffff0));
  EXPECT_EQ(printable("a\033[1m\xff"), "a?[1m?");
  EXPECT_EQ(printable(std::string(100, 'x'), 10), "xxxxxxx...");
}

TEST(Programs, AreRunWithoutAShell) {
  EXPECT_TRUE(run_program({"true", "; exit 1"}));
  const auto failed = run_program({"ls", "/nonexistent-file"});
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().what.find("nonexistent-file"), std::string::npos);
  EXPECT_FALSE(run_program({"no-such-program-at-all"}));
}

TEST(FarmPaths, InTheBase) {
  Config config;
  EXPECT_EQ(*base_path(config, "/os/trixie"), "/var/lib/chos/os/trixie");
  EXPECT_EQ(*base_path(config, "/os"), "/var/lib/chos/os");
  EXPECT_EQ(*base_path(config, "/local/opt/x"), "/opt/x");
  EXPECT_EQ(*base_path(config, "/local"), "/");
  EXPECT_EQ(*base_path(config, "/scratch/os/x"), "/scratch/os/x");
  EXPECT_FALSE(base_path(config, "/auto/rh73"));
  EXPECT_FALSE(base_path(config, "/usr/x"));
}

TEST(CommandLine, OwnArgumentsEndAtTheCommand) {
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

tool::Options parsed(const std::vector<std::string>& arguments) {
  const auto result = tool::parse_options(arguments);
  const auto* options = std::get_if<tool::Options>(&result);
  EXPECT_NE(options, nullptr);
  return options == nullptr ? tool::Options{} : *options;
}

TEST(CommandLine, OfChos) {
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

TEST(CommandLine, BadOnesAreRefused) {
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

TEST(CommandLine, OfChosctl) {
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
