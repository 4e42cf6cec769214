// SPDX-License-Identifier: BSD-3-Clause
// Several servers that do not answer take no longer than one.  No server is asked twice, and none keeps more
// than one process.
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>

#include <fstream>

#include "basic/child_work.h"
#include "basic/files.h"
#include "config/config.h"
#include "farm/missing_trees.h"
#include "fileserver/servers.h"
#include "fuse_server.h"
#include "inspect/finding.h"
#include "lifecycle/up.h"
#include "process_state.h"
#include "report/doctor.h"
#include "report/status.h"
#include "silent_server.h"

namespace chos::test {
namespace {

class ManyServers : public SilentServer {
 protected:
  std::vector<UniqueFd> servers;

  void TearDown() override {
    servers.clear();
    SilentServer::TearDown();
  }
  void fall_silent(const std::vector<std::string>& directories) {
    for (const auto& directory : directories) {
      make_directories(directory);
      servers.push_back(silent_at(directory));
      if (!servers.back()) GTEST_SKIP() << "no /dev/fuse here";
    }
  }
  template <typename Work>
  static Clock::duration time_of(Work work) {
    const auto began = Clock::now();
    work();
    return Clock::now() - began;
  }
};

TEST_F(ManyServers, HoldTreesAndSharedDirectories) {
  std::vector<std::string> silent;
  std::string list = "trixie:/os/trixie\n";
  for (const char* name : {"one", "two", "three", "four"}) {
    silent.push_back(top + "/trees/" + name);
    list += std::string(name) + ":/os/" + name + "\n";
  }
  for (const char* name : {"/mail", "/spool"}) {
    silent.push_back(top + name);
    node.config.share.push_back(top + name);
  }
  write_text(top + "/list", list);
  fall_silent(silent);
  if (IsSkipped()) return;
  EXPECT_LT(time_of([&] { ASSERT_TRUE(bring_up(node, log)) << joined(log.failures); }), seconds(20));
  EXPECT_TRUE(warned("4 OSs are closed")) << joined(log.warnings);
  EXPECT_TRUE(warned(top + "/spool of the base OS does not answer")) << joined(log.warnings);
  // Each stands for a command of its own.
  forget_servers(seconds(0));
  EXPECT_LT(time_of([&] { ASSERT_TRUE(reload(node, log)) << joined(log.failures); }), seconds(20));
  forget_servers(seconds(0));
  EXPECT_LT(time_of([&] { (void)examine_node(node); }), seconds(20));
  forget_servers(seconds(0));
  Findings findings;
  EXPECT_LT(time_of([&] { findings = examine(node, ParsedConfig(), [](const std::string&) {}); }),
            seconds(25));
  EXPECT_TRUE(std::any_of(findings.begin(), findings.end(), [&](const Finding& finding) {
    return finding.what == top + "/spool of the base OS does not answer";
  }));
}

TEST_F(ManyServers, BehindOneAutomounter) {
  const std::string map = top + "/map";
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const UniqueFd reader(ends[0]), writer(ends[1]);
  make_directories(map);
  const std::string options = "fd=" + std::to_string(writer.get()) + ",pgrp=1,minproto=5,maxproto=5,indirect";
  if (::mount("mute", map.c_str(), "autofs", 0, options.c_str()) != 0)
    GTEST_SKIP() << "the kernel has no autofs";
  const auto all = Servers::of_node();
  const std::vector<std::string> names = {map + "/a", map + "/b/x", map + "/b/y", map + "/c"};
  EXPECT_LT(time_of([&] {
              all.ask_all(names);
              for (const auto& name : names) EXPECT_FALSE(all.ask(name)) << name;
            }),
            seconds(15));
  // File systems behind a silent one are not asked, and those that answer are there.
  EXPECT_TRUE(all.ask(map));
}

// Mounts of the base on directories of servers get their flags in the farm.
TEST_F(ManyServers, HoldMountPoints) {
  const std::string first = top + "/first", second = top + "/second";
  for (const auto& place : {first, second}) make_directories(place);
  FuseServer one(first), two(second);
  if (!one.is_there() || !two.is_there()) GTEST_SKIP() << "no /dev/fuse here";
  for (const auto& place : {first, second}) mount_tmpfs(place + "/in");
  one.hang();
  two.hang();
  EXPECT_LT(time_of([&] { ASSERT_TRUE(bring_up(node, log)) << joined(log.failures); }), seconds(20));
}

// Pretends that so much time has passed.
bool clock_jumps(int by) {
  if (::unshare(CLONE_NEWTIME) != 0) return false;
  std::ofstream offsets("/proc/self/timens_offsets");
  offsets << "monotonic " << by << " 0\n" << std::flush;
  const UniqueFd later(::open("/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC));
  return offsets && ::setns(later.get(), CLONE_NEWTIME) == 0;
}

// A command waits once, however long it runs.
TEST_F(ManyServers, AreNotAskedAgain) {
  falls_silent();
  if (IsSkipped()) return;
  constexpr int cannot_jump = 9;
  const int wrong = in_a_process([this] {
    const auto asked_for = [this] {
      return time_of([this] { (void)Servers::of_node().ask(top + "/trees/far"); });
    };
    if (asked_for() < seconds(9)) return 1;
    if (!clock_jumps(300)) return cannot_jump;
    if (asked_for() > seconds(5)) return 2;
    // chosctl watch asks again.
    forget_servers(seconds(301));
    if (asked_for() > seconds(5)) return 3;
    forget_servers(seconds(50));
    return asked_for() < seconds(9) ? 4 : 0;
  });
  if (wrong == cannot_jump) GTEST_SKIP() << "the kernel has no time namespaces";
  EXPECT_EQ(wrong, 0);
}

// A server that accepts a request and does not answer keeps the process that asks, which cannot be killed.
TEST_F(ManyServers, KeepOneProcessEach) {
  const std::string far = top + "/trees/far";
  FuseServer hung(far);
  if (!hung.is_there()) GTEST_SKIP() << "no /dev/fuse here";
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  const auto here = Servers::of_node();
  EXPECT_TRUE(here.ask(far));
  hung.hang();
  forget_servers(seconds(0));
  EXPECT_GE(time_of([&] { EXPECT_FALSE(here.ask(far)); }), seconds(9));
  ASSERT_EQ(children().size(), 2U) << "the server, and one that was to be killed";
  for (int minute = 0; minute < 3; ++minute) {
    forget_servers(seconds(0));
    EXPECT_LT(time_of([&] { EXPECT_FALSE(here.ask(far)); }), seconds(2));
  }
  EXPECT_EQ(children().size(), 2U);
  // The process ends when the server answers or ends.  Then another one may ask.
  hung.end();
  for (int i = 0; i < 100 && !children().empty(); ++i) ::poll(nullptr, 0, 20);
  EXPECT_TRUE(children().empty());
  ASSERT_EQ(::umount2(far.c_str(), MNT_DETACH), 0);
  FuseServer again(far);
  forget_servers(seconds(0));
  EXPECT_TRUE(Servers::of_node().ask(far));
  EXPECT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
  again.end();
  while (::waitpid(-1, nullptr, WNOHANG) > 0) continue;
}

// A forked child does not have the descriptors of this process, but may have others with the same numbers.
TEST_F(ManyServers, KeepNoDescriptorsInAChild) {
  const std::string far = top + "/trees/far";
  FuseServer hung(far);
  if (!hung.is_there()) GTEST_SKIP() << "no /dev/fuse here";
  EXPECT_TRUE(Servers::of_node().ask(far));
  hung.hang();
  EXPECT_EQ(in_a_process([&far] {
              for (int fd = 3; fd < 100; ++fd) ::close(fd);
              forget_servers(seconds(0));
              if (Servers::of_node().ask(far)) return 1;
              forget_servers(seconds(0));
              const auto said = do_in_child(
                  [&far] { return std::string(Servers::of_node().ask(far) ? "answers" : "silent"); }, 15);
              return said && *said == "silent" ? 0 : 2;
            }),
            0);
}

// The parts of one look of chosctl watch ask for the same trees.
TEST_F(ManyServers, AreNotAskedAgainRightAfterAnAnswer) {
  const std::string far = top + "/trees/far";
  FuseServer near(far);
  if (!near.is_there()) GTEST_SKIP() << "no /dev/fuse here";
  for (int part = 0; part < 5; ++part) EXPECT_TRUE(Servers::of_node().ask(far));
  EXPECT_EQ(near.opened(), 1);
  // Another directory may be on another server.
  EXPECT_TRUE(Servers::of_node().ask(far + "/name"));
  EXPECT_EQ(near.opened(), 2);
  forget_servers(seconds(50));
  EXPECT_TRUE(Servers::of_node().ask(far));
  EXPECT_EQ(near.opened(), 3);
  ::poll(nullptr, 0, 3100);
  EXPECT_TRUE(Servers::of_node().ask(far));
  EXPECT_EQ(near.opened(), 4);
}

}  // namespace
}  // namespace chos::test
