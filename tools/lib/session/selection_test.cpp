// SPDX-License-Identifier: BSD-3-Clause
#include "session/selection.h"

#include <gtest/gtest.h>

#include "allowlist/allowlist.h"
#include "allowlist/groups.h"
#include "allowlist/parse.h"

namespace chos {
namespace {

class Choice : public ::testing::Test {
 protected:
  Allowlist list;
  SelectionInput input;
  UserFile file;
  int reads = 0;

  void SetUp() override {
    use("trixie:/os/trixie\nsl6:/os/sl6:closed\nlab:/os/lab:groups=100\nlocal:/\n"
        "default:/os/trixie\n");
    input.gids = {1, 2};
    file.path = "/home/u/.chos";
    input.user_file = [this] {
      ++reads;
      return file;
    };
  }
  void use(const char* text) {
    auto parsed = parse_allowlist(text, "list", lookup_group);
    ASSERT_TRUE(parsed.list) << parsed.error_text();
    list = *parsed.list;
    input.allowlist = &list;
  }
  void in_home(const std::string& name) {
    file.state = UserFile::State::chosen;
    file.name = name;
  }
  Selection choose(const Order& order = order_of_chos()) { return select_os(input, order); }
};

TEST_F(Choice, TheFirstThatSpeaksChooses) {
  EXPECT_EQ(choose().source, Source::site_default);
  EXPECT_EQ(choose().name(), "trixie");
  EXPECT_EQ(choose().kernel_name(), "trixie");
  in_home("local");
  EXPECT_EQ(choose().source, Source::user_file);
  EXPECT_TRUE(choose().base);
  input.environment = "trixie";
  EXPECT_EQ(choose().source, Source::environment);
  input.option = "/os/trixie";
  const auto chosen = choose();
  EXPECT_EQ(chosen.source, Source::option);
  EXPECT_EQ(chosen.name(), "trixie");
  EXPECT_EQ(chosen.trail.size(), 4u);
  EXPECT_EQ(chosen.trail[0].verdict, Step::Verdict::chosen);
  EXPECT_EQ(chosen.trail[1].verdict, Step::Verdict::not_asked);
}

TEST_F(Choice, TheFileIsReadOnlyIfItMatters) {
  input.option = "trixie";
  choose();
  EXPECT_EQ(reads, 0);
  input.option.reset();
  choose();
  EXPECT_EQ(reads, 1);
}

TEST_F(Choice, EmptyVariableCountsAsUnset) {
  input.environment = "";
  EXPECT_EQ(choose().source, Source::site_default);
}

TEST_F(Choice, NothingMeansBase) {
  use("trixie:/os/trixie\n");
  const auto chosen = choose();
  EXPECT_TRUE(chosen.ok());
  EXPECT_EQ(chosen.source, Source::base);
  EXPECT_TRUE(chosen.base);
  EXPECT_EQ(chosen.name(), "base");
  EXPECT_EQ(chosen.kernel_name(), "/");
  EXPECT_EQ(chosen.trail.size(), 5u);
}

TEST_F(Choice, BaseByAnyName) {
  for (const char* name : {"base", "/", "local"}) {
    input.option = name;
    const auto chosen = choose();
    EXPECT_TRUE(chosen.ok()) << name;
    EXPECT_TRUE(chosen.base);
    EXPECT_EQ(chosen.name(), "local");
    EXPECT_EQ(chosen.kernel_name(), "/");
  }
}

TEST_F(Choice, RefusalsStopTheSearch) {
  const struct {
    const char* name;
    const char* says;
  } cases[] = {{"nope", "not in /etc/chos"},        {"sl6", "is closed"},
               {"lab", "members of the group 100"}, {"/os/nope", "not in /etc/chos"},
               {"/os/lab", "members of the group"}, {"Trixie", "not in /etc/chos"},
               {"../trixie", "not in /etc/chos"}};
  for (const auto& [name, says] : cases) {
    input.option = name;
    const auto chosen = choose();
    ASSERT_FALSE(chosen.ok()) << name;
    EXPECT_NE(chosen.refusal->what.find(says), std::string::npos) << chosen.refusal->what;
    EXPECT_EQ(chosen.refusal->remedy, "you may enter: trixie and local");
    EXPECT_EQ(chosen.trail[1].verdict, Step::Verdict::not_asked);
  }
  input.option = "lab";
  input.gids = {100};
  EXPECT_TRUE(choose().ok());
}

TEST_F(Choice, TheUserFileInEveryState) {
  file.state = UserFile::State::empty;
  auto chosen = choose();
  EXPECT_EQ(chosen.source, Source::site_default);
  EXPECT_EQ(chosen.trail[2].verdict, Step::Verdict::ignored);
  file.state = UserFile::State::unusable;
  file.reason = "it is a FIFO";
  chosen = choose();
  ASSERT_FALSE(chosen.ok());
  EXPECT_EQ(chosen.refusal->what, "it is a FIFO");
  in_home("nope");
  chosen = choose();
  ASSERT_FALSE(chosen.ok());
  EXPECT_EQ(chosen.refusal->what, "/home/u/.chos names 'nope', which is not in /etc/chos");
  input.user_file = nullptr;
  EXPECT_EQ(choose().source, Source::site_default);
}

TEST_F(Choice, AClosedDefaultIsRefused) {
  use("trixie:/os/trixie:closed\ndefault:/os/trixie\n");
  EXPECT_FALSE(choose().ok());
}

TEST_F(Choice, WithoutAListTheKernelJudgesNames) {
  input.allowlist = nullptr;
  auto chosen = choose();
  EXPECT_FALSE(chosen.ok());  // the default is not known
  input.option = "trixie";
  chosen = choose();
  EXPECT_TRUE(chosen.ok());
  EXPECT_FALSE(chosen.base);
  EXPECT_EQ(chosen.name(), "trixie");
  EXPECT_EQ(chosen.kernel_name(), "trixie");
  input.option = "base";
  EXPECT_TRUE(choose().base);
}

TEST_F(Choice, OtherOrders) {
  input.option = "local";
  input.environment = "local";
  in_home("trixie");
  EXPECT_EQ(choose(order_of_login()).source, Source::user_file);
  EXPECT_EQ(choose(order_of_grid()).name(), "trixie");
  EXPECT_EQ(choose(order_of_job()).source, Source::option);
  input.option.reset();
  input.environment.reset();
  EXPECT_EQ(choose(order_of_job()).source, Source::site_default);
  file.state = UserFile::State::absent;
  EXPECT_EQ(choose(order_of_grid()).source, Source::base);
}

TEST_F(Choice, WhatOneMayEnter) {
  EXPECT_EQ(enterable(list, {1}), (std::vector<std::string>{"trixie", "local"}));
  EXPECT_EQ(enterable(list, {100}), (std::vector<std::string>{"trixie", "lab", "local"}));
  use("trixie:/os/trixie\n");
  EXPECT_EQ(enterable_text(&list, {}), "you may enter: trixie and base");
}

}  // namespace
}  // namespace chos
