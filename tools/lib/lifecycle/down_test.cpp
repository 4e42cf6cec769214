// SPDX-License-Identifier: BSD-3-Clause
// chosctl down.
#include "lifecycle/down.h"

#include <sys/wait.h>

#include "up_fixture.h"

namespace chos::test {
namespace {

TEST_F(BringUp, DownUndoesUp) {
  const auto before = all_mounts();
  up();
  set_kernel_file("processes", "");
  const auto outcome = take_down(node, {}, log);
  EXPECT_EQ(outcome.what, DownOutcome::What::down) << joined(log.failures);
  EXPECT_FALSE(module.is_loaded);
  auto expected = before;
  std::erase_if(expected, [this](const auto& line) { return line.starts_with(top + "/kernel "); });
  EXPECT_EQ(all_mounts(), expected);
  EXPECT_FALSE(exists(node.links));
  EXPECT_FALSE(exists(node.layers));
  log = Recorder();
  EXPECT_EQ(take_down(node, {}, log).what, DownOutcome::What::down);
  EXPECT_EQ(joined(log.changed), "");
}

TEST_F(BringUp, DownRefusesWhileInUse) {
  up();
  const auto before = all_mounts();
  set_kernel_file("processes", std::to_string(::getpid()) + " trixie\n");
  const std::string list = read_text(top + "/kernel/valid");
  const auto refused = take_down(node, {}, log);
  EXPECT_EQ(refused.what, DownOutcome::What::in_use);
  ASSERT_EQ(refused.processes.size(), 1u);
  EXPECT_EQ(refused.processes.front().name, "trixie");
  EXPECT_EQ(all_mounts(), before);
  EXPECT_EQ(read_text(top + "/kernel/valid"), list);

  module.in_use = true;
  const auto forced = take_down(node, {true, false}, log);
  EXPECT_EQ(forced.what, DownOutcome::What::remaining);
  EXPECT_FALSE(mounted(farm("")));
  EXPECT_TRUE(module.is_loaded);

  // A second down does not conclude that no process is in an OS because the module's files are not mounted.
  make_directories(node.layers + "/of-an-overlay");
  log = Recorder();
  EXPECT_EQ(take_down(node, {}, log).what, DownOutcome::What::failed);
  EXPECT_NE(joined(log.failures).find("it is not known which processes are in an OS"), std::string::npos);
  EXPECT_TRUE(exists(node.layers + "/of-an-overlay"));
  EXPECT_EQ(module.unloads, 1);
}

// Like the kernel: the module is in use while its file system is mounted in any namespace.
struct ModuleOfAFileSystem : FakeModule {
  std::string where;
  Status unload() override {
    in_use = false;
    for (const pid_t pid : holders_elsewhere("tmpfs")) {
      const auto table = MountTable::read("/proc/" + std::to_string(pid) + "/mountinfo");
      in_use = in_use || (table && table->at(where) != nullptr);
    }
    return FakeModule::unload();
  }
};

TEST_F(BringUp, DownUnmountsTheCopyOfAService) {
  ModuleOfAFileSystem held;
  held.where = top + "/kernel";
  node.module = &held;
  up();
  int ready[2], go[2];
  ASSERT_EQ(::pipe(ready), 0);
  ASSERT_EQ(::pipe(go), 0);
  const pid_t service = ::fork();
  if (service == 0) {
    char byte = 0;
    // A private copy of all mounts, which propagation does not reach.
    if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_PRIVATE | MS_REC, nullptr) != 0)
      ::_exit(1);
    ::close(go[1]);
    (void)!::write(ready[1], "r", 1);
    (void)!::read(go[0], &byte, 1);
    ::_exit(0);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_EQ(take_down(node, {}, log).what, DownOutcome::What::down) << joined(log.failures);
  EXPECT_FALSE(held.is_loaded);
  EXPECT_EQ(held.unloads, 2);
  const auto there = MountTable::read("/proc/" + std::to_string(service) + "/mountinfo");
  ASSERT_TRUE(there);
  EXPECT_EQ(there->at(top + "/kernel"), nullptr);
  EXPECT_NE(there->at(top), nullptr) << "what is not chos's stays";
  ::close(go[1]);
  ::waitpid(service, nullptr, 0);
  for (const int fd : {ready[0], ready[1], go[0]}) ::close(fd);
  node.module = &module;
}

TEST_F(BringUp, DownKeepsTheModule) {
  up();
  EXPECT_EQ(take_down(node, {false, true}, log).what, DownOutcome::What::down);
  EXPECT_FALSE(mounted(farm("")));
  EXPECT_TRUE(mounted(top + "/kernel"));
  EXPECT_EQ(module.unloads, 0);
}

TEST_F(BringUp, DownLeavesProcessesInItAWholeFarm) {
  up();
  int go[2], answer[2];
  ASSERT_EQ(::pipe(go), 0);
  ASSERT_EQ(::pipe(answer), 0);
  const pid_t inside = ::fork();
  if (inside == 0) {
    ::close(go[1]);
    char c = 0;
    if (::chroot(farm("").c_str()) != 0 || ::chdir("/") != 0) ::_exit(2);
    if (::write(answer[1], "r", 1) != 1 || ::read(go[0], &c, 1) != 1) ::_exit(3);
    ::_exit(exists("/os/trixie/etc/os-release") && exists("/proc/self") ? 0 : 1);
  }
  // A service that has made a mount namespace of its own since.
  const pid_t service = ::fork();
  if (service == 0) {
    ::close(go[1]);
    char c = 0;
    if (::unshare(CLONE_NEWNS) != 0) ::_exit(2);
    ::mount(nullptr, "/", nullptr, MS_SLAVE | MS_REC, nullptr);
    if (!mounted(farm("/os"))) ::_exit(4);
    if (::write(answer[1], "r", 1) != 1 || ::read(go[0], &c, 1) != 1) ::_exit(3);
    ::_exit(mounted(farm("")) || mounted(farm("/os")) ? 1 : 0);
  }
  char c = 0;
  ASSERT_EQ(::read(answer[0], &c, 1), 1);
  ASSERT_EQ(::read(answer[0], &c, 1), 1);
  set_kernel_file("processes", std::to_string(inside) + " trixie\n");
  take_down(node, {true, true}, log);
  EXPECT_EQ(joined(log.warnings), "");
  EXPECT_FALSE(mounted(farm("")));
  EXPECT_TRUE(exists(farm("")));
  ASSERT_EQ(::write(go[1], "gg", 2), 2);
  int status = 0;
  ASSERT_EQ(::waitpid(inside, &status, 0), inside);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  ASSERT_EQ(::waitpid(service, &status, 0), service);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(BringUp, DownOnAReadOnlyRoot) {
  make_directories(farm(""));
  up();
  ASSERT_EQ(::mount(nullptr, top.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr), 0);
  EXPECT_EQ(take_down(node, {false, true}, log).what, DownOutcome::What::down) << joined(log.failures);
  EXPECT_FALSE(mounted(farm("")));
}

}  // namespace
}  // namespace chos::test
