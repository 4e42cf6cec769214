// SPDX-License-Identifier: BSD-3-Clause
// chosctl os, killed at any moment.
#include <signal.h>

#include <chrono>
#include <random>

#include "manage/os_manager_fixture.h"

namespace chos::test {
namespace {

constexpr int kills = 50;

class OsManagerKilled : public ChosctlProgram {
 protected:
  std::mt19937 random{std::random_device{}()};

  // Kills it after a part of the time that it takes.
  void kill_within(const std::vector<std::string>& words, std::chrono::microseconds whole) {
    const pid_t child = start(words);
    std::uniform_int_distribution<long> moment(0, static_cast<long>(whole.count()));
    ::usleep(static_cast<useconds_t>(moment(random)));
    ::kill(child, SIGKILL);
    finish(child);
  }
  std::chrono::microseconds time_of(const std::vector<std::string>& words) {
    const auto began = std::chrono::steady_clock::now();
    EXPECT_EQ(run(words), 0) << read_text(top + "/out");
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began);
  }
  // Every OS of the list has the tree that its record tells of.
  void expect_whole() {
    const auto all = list_oses(node, store());
    ASSERT_TRUE(all) << all.error().what;
    for (const auto& info : *all) {
      ASSERT_TRUE(info.record) << info.entry.name << "\n" << list();
      EXPECT_TRUE(info.tree_present) << info.entry.name;
      const auto differences = verify_os(store(), *info.record, progress);
      ASSERT_TRUE(differences) << differences.error().what;
      EXPECT_TRUE(differences->empty()) << joined(*differences);
    }
  }
};

TEST_F(OsManagerKilled, Add) {
  const Names add_it{"add", "x", "tar:" + archive("one")};
  const auto whole = time_of(add_it);
  ASSERT_EQ(run({"remove", "x"}), 0);
  int committed = 0;
  for (int i = 0; i < kills; ++i) {
    kill_within(add_it, whole);
    expect_whole();
    const bool listed = list().find("x:/os/x") != std::string::npos;
    committed += listed;
    if (!listed) {
      ASSERT_EQ(run(add_it), 0) << read_text(top + "/out");
    }
    ASSERT_EQ(run({"remove", "x"}), 0) << read_text(top + "/out");
    EXPECT_EQ(trees(), Names{});
    expect_tidy();
    if (HasFailure()) return;
  }
  EXPECT_LT(committed, kills);
}

TEST_F(OsManagerKilled, Replace) {
  ASSERT_EQ(run({"add", "x", "tar:" + archive("one")}), 0);
  const Names replace_it{"replace", "x", "tar:" + archive("two")};
  const auto whole = time_of(replace_it);
  for (int i = 0; i < kills; ++i) {
    kill_within(replace_it, whole);
    expect_whole();
    ASSERT_EQ(run(replace_it), 0) << read_text(top + "/out");
    EXPECT_EQ(trees().size(), 2U);
    expect_tidy();
    if (HasFailure()) return;
  }
}

TEST_F(OsManagerKilled, Remove) {
  const Names add_it{"add", "x", "tar:" + archive("one")};
  ASSERT_EQ(run(add_it), 0);
  const auto whole = time_of({"remove", "x"});
  int undone = 0;
  for (int i = 0; i < kills; ++i) {
    ASSERT_EQ(run(add_it), 0) << read_text(top + "/out");
    kill_within({"remove", "x"}, whole);
    expect_whole();
    if (list().find("x:/os/x") != std::string::npos) {
      ++undone;
      ASSERT_EQ(run({"remove", "x"}), 0) << read_text(top + "/out");
    } else {
      // What comes next takes the rest away.
      ASSERT_EQ(run({"default", "base"}), 0) << read_text(top + "/out");
    }
    EXPECT_EQ(trees(), Names{});
    expect_tidy();
    if (HasFailure()) return;
  }
  EXPECT_LT(undone, kills);
}

}  // namespace
}  // namespace chos::test
