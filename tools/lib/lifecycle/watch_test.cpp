// SPDX-License-Identifier: BSD-3-Clause
// chosctl watch: a child process watches; the test mounts and unmounts, and reads the lines of the child.
#include "lifecycle/watch.h"

#include <poll.h>
#include <sys/wait.h>

#include "allowlist/allowlist.h"
#include "basic/files.h"
#include "basic/progress.h"
#include "config/config.h"
#include "fake_node.h"
#include "fuse_server.h"
#include "lifecycle/up.h"
#include "lifecycle/watched_trees.h"

namespace chos::test {
namespace {

OsEntry entry(const std::string& name, bool closed = false) {
  OsEntry out;
  out.name = name;
  out.path = "/os/" + name;
  out.closed = closed;
  return out;
}

TEST(WhatChanged, OnlyForTreesThatDoNotFitTheKernelsList) {
  const Allowlist wanted({entry("came"), entry("went"), entry("same"), entry("other"), entry("closed", true),
                          entry("unloaded"), entry("automount")});
  const Allowlist loaded({entry("came", true), entry("went"), entry("same"), entry("other"),
                          entry("closed", true), entry("automount", true)});
  const WatchedTree there{true, "1"}, gone;
  const WatchedTrees before{{"same", there}, {"other", there}};
  const WatchedTrees now{{"came", there},        {"went", gone},    {"same", there},
                         {"other", {true, "2"}}, {"closed", there}, {"unloaded", there}};
  EXPECT_EQ(what_changed(wanted, loaded, before, now),
            (std::vector<WatchedChange>{{"'came' is open: its tree is there", "came"},
                                        {"'went' is closed: its tree is gone", "went"},
                                        {"'other' was prepared again: its tree was replaced", "other"}}));
  EXPECT_TRUE(what_changed(wanted, wanted, {}, {}).empty());
}

TEST(WhatChanged, AutomountPointsAreNotLookedAt) {
  Config config;
  config.trees = "/trees";
  const auto table = MountTable::parse(
      "20 1 8:1 / / rw - ext4 /dev/a rw\n21 20 0:50 / /trees/nfs rw - autofs auto rw,fd=5\n");
  ASSERT_TRUE(table);
  const Allowlist list({entry("nfs"), entry("local")});
  const auto states = look_at_trees(config, list, list, *table);
  EXPECT_EQ(states.count("nfs"), 0u);
  EXPECT_EQ(states.count("local"), 1u);
  // Unless the OS is closed because its tree is missing.
  const Allowlist loaded({entry("nfs", true), entry("local")});
  EXPECT_EQ(look_at_trees(config, list, loaded, *table).count("nfs"), 1u);
}

// Writes each event to a pipe as a line.
class Piped : public Progress {
 public:
  explicit Piped(int fd) : fd_(fd) {}
  void step(const std::string&, bool, const std::string& detail) override { put(detail); }
  void warning(const std::string& text) override { put("warning: " + text); }
  void failed(const std::string&, const Error& error) override { put("failed: " + error.what); }
  void undone(const std::string&, const Status&) override {}

 private:
  void put(const std::string& text) {
    const std::string line = text + "\n";
    if (::write(fd_, line.data(), line.size()) < 0) ::_exit(9);
  }
  int fd_;
};

class Watch : public FakeNode {
 protected:
  UniqueFd lines_, stop_;
  pid_t child_ = -1;

  void start() {
    ASSERT_TRUE(bring_up(node, log)) << joined(log.failures);
    int out[2], stop[2];
    ASSERT_EQ(::pipe(out), 0);
    ASSERT_EQ(::pipe(stop), 0);
    child_ = ::fork();
    if (child_ == 0) {
      ::close(stop[1]);
      Piped said(out[1]);
      const auto same = [] { return std::optional<Config>(); };
      ::_exit(static_cast<int>(watch_trees(node, same, stop[0], said)));
    }
    ::close(out[1]);
    ::close(stop[0]);
    lines_ = UniqueFd(out[0]);
    stop_ = UniqueFd(stop[1]);
  }

  // The next line; "" if the child has ended, or after 20 s without one.
  std::string line() {
    std::string text;
    char one = 0;
    pollfd wait{lines_.get(), POLLIN, 0};
    while (::poll(&wait, 1, 20000) > 0 && ::read(lines_.get(), &one, 1) == 1 && one != '\n') text += one;
    return text;
  }

  // The next line that is no warning of a reload.
  std::string event() {
    std::string text = line();
    while (text.starts_with("warning: ")) text = line();
    return text;
  }

  int ended() {
    int status = -1;
    ::waitpid(child_, &status, 0);
    child_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  void TearDown() override {
    if (child_ > 0) {
      ::kill(child_, SIGKILL);
      ended();
    }
    FakeNode::TearDown();
  }

  std::string valid() const { return read_text(top + "/kernel/valid"); }
};

TEST_F(Watch, ATreeComesAndGoes) {
  make_directories(top + "/trees/late");
  make_tree("disk");
  write_text(top + "/list", "late:/os/late\ntrixie:/os/trixie\n");
  start();
  EXPECT_EQ(valid(), "late:/os/late:closed\ntrixie:/os/trixie\n");
  ASSERT_EQ(::mount((top + "/trees/disk").c_str(), (top + "/trees/late").c_str(), nullptr, MS_BIND, nullptr),
            0);
  EXPECT_EQ(line(), "'late' is open: its tree is there");
  EXPECT_EQ(read_text(shared_in("late")), "root:x:0:0::/root:/bin/sh\n");
  // The file that stands in for the kernel's is not truncated by a write.
  EXPECT_EQ(valid().substr(0, 14), "late:/os/late\n");
  set_kernel_file("valid", "late:/os/late\ntrixie:/os/trixie\n");
  ASSERT_EQ(::umount2((top + "/trees/late").c_str(), MNT_DETACH), 0);
  EXPECT_EQ(event(), "'late' is closed: its tree is gone");
  EXPECT_EQ(valid().substr(0, 21), "late:/os/late:closed\n");
}

TEST_F(Watch, ATreeIsRenamedIntoPlace) {
  write_text(top + "/list", "new:/os/new\ntrixie:/os/trixie\n");
  start();
  make_tree(".new");
  ASSERT_EQ(::rename((top + "/trees/.new").c_str(), (top + "/trees/new").c_str()), 0);
  EXPECT_EQ(line(), "'new' is open: its tree is there");
  EXPECT_EQ(read_text(shared_in("new")), "root:x:0:0::/root:/bin/sh\n");
}

// What is mended inside a tree is not seen, but a tree that is replaced is tried again.
TEST_F(Watch, AnUnusableTreeIsReplaced) {
  write_text(node.nsswitch, "passwd: files sss\n");
  write_text(top + "/trees/trixie/etc/nsswitch.conf", std::string(70000, '#'));
  make_directories(top + "/trees/late");
  make_tree("disk");
  make_tree(".new");
  write_text(top + "/list", "late:/os/late\ntrixie:/os/trixie\n");
  start();
  EXPECT_EQ(valid(), "late:/os/late:closed\ntrixie:/os/trixie:closed\n");
  ASSERT_EQ(::mount((top + "/trees/disk").c_str(), (top + "/trees/late").c_str(), nullptr, MS_BIND, nullptr),
            0);
  EXPECT_EQ(event(), "'late' is open: its tree is there");
  set_kernel_file("valid", "late:/os/late\ntrixie:/os/trixie:closed\n");
  ASSERT_EQ(::rename((top + "/trees/trixie").c_str(), (top + "/trees/.old").c_str()), 0);
  ASSERT_EQ(::rename((top + "/trees/.new").c_str(), (top + "/trees/trixie").c_str()), 0);
  EXPECT_EQ(event(), "'trixie' was prepared again: its tree was replaced");
  EXPECT_EQ(valid().substr(0, 32), "late:/os/late\ntrixie:/os/trixie\n");
}

// A shared directory on a server that was down at boot (a FUSE file system without a server process).
TEST_F(Watch, ASharedDirectoryComes) {
  mount_tmpfs("/mnt");
  const std::string mail = "/mnt/site/mail";
  make_directories(mail);
  make_directories(top + "/trees/trixie/mnt/site");
  write_text(mail + "/alice", "for alice\n");
  node.config.share.push_back(mail);
  make_directories(top + "/trees/late");
  make_tree("disk");
  write_text(top + "/list", "late:/os/late\ntrixie:/os/trixie\n");
  const UniqueFd server(::open("/dev/fuse", O_RDWR | O_CLOEXEC));
  if (!server) GTEST_SKIP() << "no /dev/fuse here";
  const std::string options = "fd=" + std::to_string(server.get()) + ",rootmode=40000,user_id=0,group_id=0";
  ASSERT_EQ(::mount("server", mail.c_str(), "fuse.far", 0, options.c_str()), 0);
  start();
  // This change shows that the child has looked.
  ASSERT_EQ(::mount((top + "/trees/disk").c_str(), (top + "/trees/late").c_str(), nullptr, MS_BIND, nullptr),
            0);
  EXPECT_EQ(event(), "'late' is open: its tree is there");
  EXPECT_FALSE(mounted(farm("/os/trixie") + mail));
  set_kernel_file("valid", "late:/os/late\ntrixie:/os/trixie\n");
  ASSERT_EQ(::umount2(mail.c_str(), MNT_DETACH), 0);
  EXPECT_EQ(event(), mail + " of the base OS is there");
  EXPECT_EQ(read_text(farm("/os/trixie") + mail + "/alice"), "for alice\n");
}

// Automounters mount in bursts, and each look asks all servers.
TEST_F(Watch, LooksOnceAtMountsThatComeTogether) {
  make_directories(top + "/trees/near");
  make_directories(top + "/home");
  write_text(top + "/list", "near:/os/near\ntrixie:/os/trixie\n");
  const FuseServer server(top + "/trees/near");
  if (!server.is_there()) GTEST_SKIP() << "no /dev/fuse here";
  start();
  ::poll(nullptr, 0, 1500);
  const int before = server.opened();
  for (int i = 0; i < 15; ++i) {
    mount_tmpfs(top + "/home");
    ::poll(nullptr, 0, 20);
    ASSERT_EQ(::umount2((top + "/home").c_str(), 0), 0);
    ::poll(nullptr, 0, 20);
  }
  ::poll(nullptr, 0, 2500);
  const int looks = server.opened() - before;
  EXPECT_GT(looks, 0);
  EXPECT_LT(looks, 10);
}

// An automounter unmounts idle file systems, and looking at one would mount it again.
TEST_F(Watch, AnIdleAutomountStaysUnmounted) {
  const std::string mail = top + "/mail";
  make_tree("disk");
  for (const auto& directory :
       {mail, top + "/trees/trixie" + mail, top + "/trees/disk" + mail, top + "/trees/late"})
    make_directories(directory);
  node.config.share.push_back(mail);
  write_text(top + "/list", "late:/os/late\ntrixie:/os/trixie\n");
  start();
  // This change shows that the child has looked.
  ASSERT_EQ(::mount((top + "/trees/disk").c_str(), (top + "/trees/late").c_str(), nullptr, MS_BIND, nullptr),
            0);
  EXPECT_EQ(line(), "'late' is open: its tree is there");
  set_kernel_file("valid", "late:/os/late\ntrixie:/os/trixie\n");
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const UniqueFd reader(ends[0]), writer(ends[1]);
  const std::string options = "fd=" + std::to_string(writer.get()) + ",pgrp=1,minproto=5,maxproto=5,direct";
  if (::mount("idle", mail.c_str(), "autofs", 0, options.c_str()) != 0)
    GTEST_SKIP() << "the kernel has no autofs";
  pollfd asked{reader.get(), POLLIN, 0};
  EXPECT_EQ(::poll(&asked, 1, 3000), 0);
}

TEST_F(Watch, EndsOnRequest) {
  start();
  stop_.reset();
  EXPECT_EQ(ended(), static_cast<int>(WatchEnd::stopped));
}

TEST_F(Watch, EndsAtOnceWhenMountsCome) {
  make_directories(top + "/home");
  start();
  ::poll(nullptr, 0, 1500);
  mount_tmpfs(top + "/home");
  ::poll(nullptr, 0, 100);
  const auto began = std::chrono::steady_clock::now();
  stop_.reset();
  EXPECT_EQ(ended(), static_cast<int>(WatchEnd::stopped));
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(500));
}

// A tree that is unmounted and mounted again at once is another mount, even if it has the same id.
TEST_F(Watch, ATreeIsMountedAgain) {
  constexpr unsigned unique = 0x4000;  // STATX_MNT_ID_UNIQUE
  struct statx info {};
  if (::statx(AT_FDCWD, "/", 0, unique, &info) != 0 || (info.stx_mask & unique) == 0)
    GTEST_SKIP() << "the kernel has no numbers of mounts that are not used again";
  make_directories(top + "/trees/late");
  make_tree("disk");
  write_text(top + "/list", "late:/os/late\ntrixie:/os/trixie\n");
  const std::string disk = top + "/trees/disk", late = top + "/trees/late";
  ASSERT_EQ(::mount(disk.c_str(), late.c_str(), nullptr, MS_BIND, nullptr), 0);
  // Without mounts in it, which would keep it in the farm.
  node.config.share.clear();
  start();
  for (int turn = 0; turn < 3; ++turn) {
    ::poll(nullptr, 0, 1500);
    ASSERT_EQ(::umount2(late.c_str(), 0), 0);
    ::poll(nullptr, 0, 200);
    ASSERT_EQ(::mount(disk.c_str(), late.c_str(), nullptr, MS_BIND, nullptr), 0);
    EXPECT_EQ(line(), "'late' was prepared again: its tree was replaced") << turn;
  }
}

TEST_F(Watch, EndsWithTheNode) {
  start();
  ASSERT_EQ(::umount2(farm("").c_str(), MNT_DETACH), 0);
  EXPECT_EQ(line(), "chos is down: nothing is left to watch");
  EXPECT_EQ(ended(), static_cast<int>(WatchEnd::down));
}

}  // namespace
}  // namespace chos::test
