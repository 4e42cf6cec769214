// SPDX-License-Identifier: BSD-3-Clause
// chosctl watch and trees that have to be mounted when what they are made of comes.
#include <poll.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include <chrono>

#include "allowlist/allowlist.h"
#include "allowlist/parse.h"
#include "basic/files.h"
#include "config/config.h"
#include "kernel/proc_chos.h"
#include "lifecycle/up.h"
#include "lifecycle/watch.h"
#include "manage/catalog.h"
#include "manage/os_manager_fixture.h"
#include "store/mounts.h"

namespace chos::test {
namespace {

// A child watches; what it does is seen in the kernel's list.
class LateTree : public OsManagerTest {
 protected:
  pid_t child = -1;
  int stop[2]{-1, -1};

  void SetUp() override {
    OsManagerTest::SetUp();
    if (IsSkipped()) return;
    node.kernel = ProcChos(top + "/kernel");
    module.is_loaded = true;
    write_text(node.allowlist_file, "");
  }
  void TearDown() override {
    if (child > 0) {
      ::close(stop[1]);
      ::kill(child, SIGKILL);
      ::waitpid(child, nullptr, 0);
    }
    OsManagerTest::TearDown();
  }
  void add_far(const std::string& place) {
    const auto dir = parse_source("dir:" + place);
    ASSERT_TRUE(dir) << dir.error().what;
    const auto added = keep([&](OsManager& k) { return k.add("far", *dir, {}, ""); });
    ASSERT_TRUE(added) << added.error().what;
    ASSERT_EQ(::umount2((node.config.trees + "/far").c_str(), MNT_DETACH), 0);
  }
  void start() {
    ASSERT_TRUE(bring_up(node, log)) << joined(log.failures);
    EXPECT_EQ(valid(), "far:/os/far:closed\n");
    ASSERT_EQ(::pipe(stop), 0);
    child = ::fork();
    if (child == 0) {
      ::close(stop[1]);
      const auto same = [] { return std::optional<Config>(); };
      ::_exit(static_cast<int>(watch_trees(node, same, stop[0], log, std::chrono::milliseconds(700))));
    }
    ::close(stop[0]);
    ::poll(nullptr, 0, 500);
    EXPECT_EQ(valid(), "far:/os/far:closed\n");
  }
  std::string valid() const { return read_text(top + "/kernel/valid"); }
  // The stand-in for the kernel's file is not shortened by a write.
  bool opens(int seconds) {
    for (int i = 0; i < seconds * 10 && !valid().starts_with("far:/os/far\n"); ++i) ::poll(nullptr, 0, 100);
    return valid().starts_with("far:/os/far\n") && exists(node.config.farm + "/os/far/bin/sh");
  }
};

TEST_F(LateTree, OfADirectoryOnWhatIsMountedLate) {
  const std::string server = top + "/server", net = top + "/net";
  make_usable_tree(server + "/sl7", "sl7");
  make_directories(net);
  ASSERT_EQ(::mount(server.c_str(), net.c_str(), nullptr, MS_BIND, nullptr), 0);
  add_far(net + "/sl7");
  ASSERT_EQ(::umount2(net.c_str(), MNT_DETACH), 0);
  start();
  ASSERT_EQ(::mount(server.c_str(), net.c_str(), nullptr, MS_BIND, nullptr), 0);
  EXPECT_TRUE(opens(10)) << valid();
}

TEST_F(LateTree, OfADirectoryThatAppearsOnWhatIsMounted) {
  const std::string place = top + "/net/sl7";
  make_usable_tree(place, "sl7");
  add_far(place);
  fs::rename(place, top + "/away");
  start();
  fs::rename(top + "/away", place);
  EXPECT_TRUE(opens(10)) << valid();
}

// Its place came into the hands of a user after it was added.
TEST_F(LateTree, OfADirectoryThatAUserCouldReplace) {
  const std::string site = top + "/site";
  make_usable_tree(site + "/sl7", "sl7");
  make_usable_tree(node.config.trees + "/near", "near");
  add_far(site + "/sl7");
  ASSERT_EQ(::chown(site.c_str(), 1000, 1000), 0);
  fs::rename(site + "/sl7", site + "/mine");
  ASSERT_EQ(::symlink("/", (site + "/sl7").c_str()), 0);
  write_text(node.allowlist_file, "far:/os/far\nnear:/os/near\n");
  ASSERT_TRUE(bring_up(node, log)) << joined(log.failures);
  EXPECT_EQ(valid(), "far:/os/far:closed\nnear:/os/near\n");
  EXPECT_FALSE(mounted(node.config.trees + "/far"));
  EXPECT_NE(joined(log.warnings).find("the user 1000 may write in '" + site + "'"), std::string::npos)
      << joined(log.warnings);
  EXPECT_NE(read_problems(node.problems)["far"].find("the user 1000 may write in"), std::string::npos);
  ASSERT_EQ(::unlink((site + "/sl7").c_str()), 0);
  fs::rename(site + "/mine", site + "/sl7");
  ASSERT_EQ(::chown(site.c_str(), 0, 0), 0);
  set_kernel_file("valid", "");
  ASSERT_TRUE(reload(node, log)) << joined(log.failures);
  EXPECT_EQ(valid(), "far:/os/far\nnear:/os/near\n");
  EXPECT_EQ(read_problems(node.problems).size(), 0U);
}

// An automounter that is never done stands for a server that is down.
TEST_F(LateTree, OfAServerThatDoesNotAnswer) {
  const std::string place = top + "/net/sl7";
  make_usable_tree(place, "sl7");
  add_far(place);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  // Those of the daemon's process group do not wait for it.
  child = ::fork();
  if (child == 0) {
    ::setpgid(0, 0);
    for (;;) ::pause();
  }
  ::setpgid(child, child);
  const auto options =
      "fd=" + std::to_string(ends[1]) + ",pgrp=" + std::to_string(child) + ",minproto=5,maxproto=5,direct";
  if (::mount("mute", place.c_str(), "autofs", 0, options.c_str()) != 0)
    GTEST_SKIP() << "the kernel has no autofs";
  const auto all = load_allowlist(node.allowlist_file, node.groups, node.trusted);
  ASSERT_TRUE(all.list);
  EXPECT_EQ(unmounted_trees(store(), *all.list).waiting, Names{"far"});
  const auto mounts = mount_trees(store(), *all.list, "list");
  ASSERT_TRUE(mounts);
  ASSERT_EQ(mounts->missing.size(), 1U);
  EXPECT_NE(mounts->missing.front().text().find("does not answer"), std::string::npos)
      << mounts->missing.front().text();
  ::umount2(place.c_str(), MNT_DETACH);
}

// Of directories on several: one wait for all, and none for OSs that are closed anyway.
TEST_F(LateTree, OfServersThatDoNotAnswer) {
  std::vector<UniqueFd> servers;
  std::string list;
  ASSERT_TRUE(store().prepare());
  for (const char* name : {"one", "two", "three", "shut"}) {
    TreeRecord record;
    record.name = name;
    record.kind = TreeRecord::Kind::external;
    record.origin = top + "/net/" + name;
    ASSERT_TRUE(store().write(record, ""));
    list += record.name + ":/os/" + name + (record.name == "shut" ? ":closed\n" : "\n");
    make_directories(store().tree(record));
    make_directories(record.origin);
    servers.emplace_back(::open("/dev/fuse", O_RDWR | O_CLOEXEC));
    if (!servers.back()) GTEST_SKIP() << "no /dev/fuse here";
    const auto options =
        "fd=" + std::to_string(servers.back().get()) + ",rootmode=40000,user_id=0,group_id=0";
    ASSERT_EQ(::mount("server", record.origin.c_str(), "fuse.far", 0, options.c_str()), 0);
  }
  write_text(node.allowlist_file, list);
  const auto all = load_allowlist(node.allowlist_file, node.groups, node.trusted);
  ASSERT_TRUE(all.list);
  const auto took = [](auto work) {
    const auto began = std::chrono::steady_clock::now();
    work();
    return std::chrono::steady_clock::now() - began;
  };
  EXPECT_LT(took([&] {
              EXPECT_EQ(unmounted_trees(store(), *all.list).waiting, (Names{"one", "two", "three"}));
            }),
            std::chrono::seconds(15));
  forget_servers(std::chrono::seconds(0));
  EXPECT_LT(took([&] {
              const auto mounts = mount_trees(store(), *all.list, "list");
              ASSERT_TRUE(mounts);
              EXPECT_EQ(mounts->missing.size(), 4U);
            }),
            std::chrono::seconds(15));
  forget_servers(std::chrono::seconds(0));
  // Without the binds: the trees themselves are on the servers.
  for (const char* name : {"one", "two", "three"})
    ASSERT_EQ(::mount((top + "/net/" + name).c_str(), (node.config.trees + "/" + name).c_str(), nullptr,
                      MS_BIND, nullptr),
              0);
  EXPECT_LT(took([&] {
              const auto oses = list_oses(node, store());
              ASSERT_TRUE(oses);
              EXPECT_TRUE((*oses)[2].state.silent);
            }),
            std::chrono::seconds(15));
}

// What cannot be mounted stays closed, and chosctl watch goes on.
TEST_F(LateTree, OfAnImageThatIsNone) {
  TreeRecord record;
  record.name = "far";
  record.kind = TreeRecord::Kind::image;
  record.origin = "squashfs";
  ASSERT_TRUE(store().prepare());
  ASSERT_TRUE(store().write(record, ""));
  make_directories(store().tree(record));
  write_text(node.allowlist_file, "far:/os/far\n");
  const auto all = load_allowlist(node.allowlist_file, node.groups, node.trusted);
  ASSERT_TRUE(all.list);
  EXPECT_EQ(unmounted_trees(store(), *all.list).waiting, Names{"far"});
  write_text(store().image(record), "no image");
  EXPECT_EQ(unmounted_trees(store(), *all.list).ready, Names{"far"});
  start();
  EXPECT_EQ(::waitpid(child, nullptr, WNOHANG), 0);
}

}  // namespace
}  // namespace chos::test
