// SPDX-License-Identifier: BSD-3-Clause
// chosctl up and reload: all steps or none.
#include <fcntl.h>

#include "basic/files.h"
#include "farm/bind_trees.h"
#include "farm/layout.h"
#include "fuse_server.h"
#include "lifecycle/down.h"
#include "up_fixture.h"

namespace chos::test {
namespace {

TEST_F(BringUp, FromNothing) {
  up();
  EXPECT_TRUE(mounted(farm("")));
  EXPECT_EQ(read_text(farm("/os/trixie/etc/os-release")), "trixie\n");
  EXPECT_EQ(read_text(farm("/local") + top + "/list"), "trixie:/os/trixie\nsl6:/os/sl6:suid\n");
  EXPECT_TRUE(exists(farm("/proc/self")));
  EXPECT_TRUE(exists(farm("/dev/null")));
  EXPECT_EQ(read_text(top + "/kernel/valid"), "trixie:/os/trixie\nsl6:/os/sl6:suid\n");
  EXPECT_EQ(read_text(top + "/kernel/layout"),
            "dir local\ndir os\ndir proc\ndir dev\ndir home\nlink usr\nlink etc\n");
}

TEST_F(BringUp, TwiceChangesNothing) {
  up();
  const auto before = all_mounts();
  up();
  EXPECT_EQ(joined(log.changed), "");
  EXPECT_EQ(all_mounts(), before);
  log = Recorder();
  EXPECT_TRUE(reload(node, log));
  EXPECT_EQ(joined(log.changed), "");
  EXPECT_EQ(all_mounts(), before);
}

TEST_F(BringUp, LocalDoesNotHoldTheFarmAgain) {
  up();
  const auto table = MountTable::read();
  ASSERT_TRUE(table);
  EXPECT_EQ(table->at(farm("/local") + node.config.farm), nullptr);
  EXPECT_TRUE(table->at(farm(""))->unbindable);
  EXPECT_FALSE(table->at(farm(""))->shared);
  EXPECT_FALSE(exists(farm("/local") + node.config.farm + "/local"));
}

TEST_F(BringUp, NosuidWhereItBelongs) {
  up();
  const auto table = MountTable::read();
  ASSERT_TRUE(table);
  for (const Mount* mount : table->below(farm("/local")))
    EXPECT_TRUE((mount->flags & mount_nosuid) != 0) << mount->target;
  EXPECT_EQ(flags_at(farm("/os")), mount_nosuid | mount_nodev);
  EXPECT_EQ(flags_at(farm("/os/sl6")), unsigned{mount_nodev});  // suid
  EXPECT_FALSE(mounted(farm("/os/trixie")));
  // The flags in the base are unchanged.
  EXPECT_EQ(flags_at(top) & mount_nosuid, 0u);
  const Mount* dev = table->at("/dev");
  ASSERT_NE(dev, nullptr);
  EXPECT_EQ(flags_at(farm("/dev")), dev->flags);
}

// Users who reach the directory of the trees gain nothing by it.
TEST_F(BringUp, TheTreesGiveNoRightsInTheBaseEither) {
  const std::string trees = top + "/trees";
  const auto before = all_mounts();
  ASSERT_FALSE(mounted(trees));
  up();
  EXPECT_EQ(flags_at(trees), mount_nosuid | mount_nodev);
  EXPECT_EQ(flags_at(farm("/local") + trees), mount_nosuid | mount_nodev);
  EXPECT_EQ(flags_at(farm("/os/sl6")), unsigned{mount_nodev});  // suid
  EXPECT_EQ(read_text(farm("/os/sl6/etc/os-release")), "sl6\n");
  // What appears in it later is there once, for the base and for the farm.
  make_directories(trees + "/new");
  mount_tmpfs(trees + "/new");
  const auto table = MountTable::read();
  ASSERT_TRUE(table);
  EXPECT_EQ(std::count_if(table->mounts().begin(), table->mounts().end(),
                          [&](const Mount& mount) { return mount.target == trees + "/new"; }),
            1);
  EXPECT_TRUE(mounted(farm("/os/new")));
  ASSERT_EQ(::umount(trees.c_str()), -1);  // in use
  ASSERT_EQ(::umount((trees + "/new").c_str()), 0);
  EXPECT_FALSE(mounted(farm("/os/new")));
  reload_changes_nothing();
  EXPECT_EQ(take_down(node, {}, log).what, DownOutcome::What::down) << joined(log.failures);
  EXPECT_FALSE(mounted(trees));
}

// A process whose working directory it is keeps nobody from taking the node down.
TEST_F(BringUp, TheTreesAreUnboundWhileTheyAreInUse) {
  const std::string trees = top + "/trees";
  up();
  const UniqueFd held(::open(trees.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  log = Recorder();
  EXPECT_EQ(take_down(node, {}, log).what, DownOutcome::What::down) << joined(log.failures);
  EXPECT_EQ(joined(log.warnings), "");
  EXPECT_FALSE(mounted(trees));
  EXPECT_NE(::openat(held.get(), "sl6", O_PATH | O_CLOEXEC), -1);
}

// What is mounted in them while the node is up stays, and stays nosuid.
TEST_F(BringUp, TheTreesStayBoundUnderLaterMounts) {
  const std::string trees = top + "/trees";
  up();
  make_directories(trees + "/new");
  mount_tmpfs(trees + "/new");
  EXPECT_EQ(take_down(node, {}, log).what, DownOutcome::What::down) << joined(log.failures);
  EXPECT_TRUE(mounted(trees + "/new"));
  EXPECT_EQ(flags_at(trees), mount_nosuid | mount_nodev);
  ASSERT_EQ(::umount((trees + "/new").c_str()), 0);
  const auto unbound = unbind_trees(trees);
  EXPECT_TRUE(unbound && *unbound);
  EXPECT_FALSE(mounted(trees));
}

// A mount over them would hide what is mounted in them, and hold up who unmounts it.
TEST_F(BringUp, TreesWithMountsOfTheAdministratorStayAsTheyAre) {
  const std::string trees = top + "/trees";
  mount_tmpfs(trees + "/sl6");
  make_directories(trees + "/sl6" + top);
  write_text(trees + "/sl6" + top + "/passwd", "own\n");
  up();
  EXPECT_FALSE(mounted(trees));
  EXPECT_EQ(flags_at(trees + "/sl6"), 0U);
  ASSERT_EQ(::umount((trees + "/sl6").c_str()), 0);
  // A bind would now cover what the farm shows.
  EXPECT_TRUE(reload(node, log)) << joined(log.failures);
  EXPECT_FALSE(mounted(trees));
}

TEST_F(BringUp, TreesThatAreAFileSystem) {
  const std::string trees = top + "/trees";
  mount_tmpfs(trees);
  for (const char* tree : {"trixie", "sl6"}) make_tree(tree);
  up();
  EXPECT_EQ(flags_at(trees), mount_nosuid | mount_nodev);
  EXPECT_EQ(flags_at(farm("/os/sl6")), unsigned{mount_nodev});
  EXPECT_EQ(take_down(node, {}, log).what, DownOutcome::What::down) << joined(log.failures);
  // The file system itself.
  EXPECT_EQ(flags_at(trees), 0U);
}

// A mount there would keep the automounter from unmounting it.
TEST_F(BringUp, TreesOnAServerStayAsTheyAre) {
  const std::string trees = top + "/trees";
  const FuseServer server(trees);
  if (!server.is_there()) GTEST_SKIP() << "no FUSE";
  write_text(top + "/list", "trixie:/os/trixie:closed\n");
  (void)bring_up(node, log);
  EXPECT_EQ(joined(log.changed).find("is nosuid and nodev"), std::string::npos) << joined(log.changed);
  EXPECT_EQ(flags_at(trees), 0U);
}

TEST_F(BringUp, LaterMountsOfTheBaseAppear) {
  up();
  make_directories(top + "/trees/new");
  mount_tmpfs(top + "/trees/new");
  write_text(top + "/trees/new/file", "later\n");
  EXPECT_EQ(read_text(farm("/os/new/file")), "later\n");
  EXPECT_EQ(read_text(farm("/local") + top + "/trees/new/file"), "later\n");
  // It has the flags of the base until reload sets those of the farm.
  EXPECT_EQ(flags_at(farm("/os/new")) & mount_nosuid, 0u);
  EXPECT_TRUE(reload(node, log)) << joined(log.failures);
  EXPECT_EQ(flags_at(farm("/os/new")), mount_nosuid | mount_nodev);
  EXPECT_EQ(flags_at(top + "/trees/new"), 0u);
  // Mounts in the farm do not appear in the base.
  const bool was_mounted = mounted("/home");
  mount_tmpfs(farm("/home"));
  EXPECT_EQ(mounted("/home"), was_mounted);
  EXPECT_FALSE(mounted(farm("/local/home")));
}

TEST_F(BringUp, TreesBehindALinkAreFoundAmongTheMounts) {
  ASSERT_EQ(::symlink("trees", (top + "/data").c_str()), 0);
  node.config.trees = top + "/data";
  EXPECT_EQ(with_real_paths(node.config).trees, top + "/trees");
  node.config.trees = top + "/data/not/yet";
  EXPECT_EQ(with_real_paths(node.config).trees, top + "/trees/not/yet");
}

TEST_F(BringUp, NosuidBecomesSuidAndBack) {
  up();
  write_text(top + "/list", "trixie:/os/trixie:suid\nsl6:/os/sl6\n");
  set_kernel_file("valid", "");
  EXPECT_TRUE(reload(node, log)) << joined(log.failures);
  EXPECT_EQ(flags_at(farm("/os/trixie")), unsigned{mount_nodev});
  EXPECT_EQ(flags_at(farm("/os/sl6")), mount_nosuid | mount_nodev);
  EXPECT_EQ(read_text(shared_in("trixie")), "root:x:0:0::/root:/bin/sh\n");
  reload_changes_nothing();
}

// Setuid programs then work in all mounts of the tree, and in no others.
TEST_F(BringUp, NosuidBecomesSuidWithTheMountsOfTheTree) {
  const std::string tree = top + "/trees/trixie";
  for (const char* name : {"/usr/local/bin", "/more", "/data"}) make_directories(tree + name);
  write_text(tree + "/usr/local/bin/own", "own\n", 0755);
  mount_tmpfs(tree + "/more");
  mount_tmpfs(tree + "/data", MS_NOSUID);
  node.config.chos_link = true;
  up();
  const std::string seen = farm("/os/trixie");
  const std::string layer = seen + "/usr/local/bin";
  const bool overlayfs = mounted(layer);
  EXPECT_EQ(flags_at(seen + "/more"), mount_nosuid | mount_nodev);
  write_text(top + "/list", "trixie:/os/trixie:suid\nsl6:/os/sl6\n");
  set_kernel_file("valid", "");
  EXPECT_TRUE(reload(node, log)) << joined(log.failures);
  EXPECT_EQ(flags_at(seen), unsigned{mount_nodev});
  EXPECT_EQ(flags_at(seen + "/more"), unsigned{mount_nodev});
  EXPECT_EQ(flags_at(seen + "/data"), mount_nosuid | mount_nodev);
  if (overlayfs) {
    EXPECT_EQ(flags_at(layer), mount_ro | mount_nodev);
  }
}

TEST_F(BringUp, ABadListTouchesNothing) {
  const auto before = all_mounts();
  write_text(top + "/list", "trixie:/os/trixie\nbad line\n");
  const auto status = bring_up(node, log);
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().what.find("/list:2: expected name:path"), std::string::npos)
      << status.error().what;
  EXPECT_EQ(log.failures, std::vector<std::string>{"allowlist: " + status.error().what})
      << "it is reported once";
  EXPECT_EQ(all_mounts(), before);
  EXPECT_EQ(read_text(top + "/kernel/layout"), "");
  EXPECT_FALSE(exists(farm("")));
}

TEST_F(BringUp, WithoutAListTheRemedyIsToAddAnOs) {
  ASSERT_EQ(::unlink((top + "/list").c_str()), 0);
  EXPECT_FALSE(bring_up(node, log));
  EXPECT_NE(joined(log.remedies).find("run: chosctl os add NAME SOURCE"), std::string::npos)
      << joined(log.remedies);
  EXPECT_FALSE(exists(farm("")));
}

TEST_F(BringUp, APathOutsideTheFarmIsReportedWithItsLine) {
  write_text(top + "/list", "trixie:/os/trixie\n\nold:/srv/old\n");
  EXPECT_FALSE(bring_up(node, log));
  EXPECT_NE(joined(log.failures).find("/list:3: the farm has no directory '/srv'"), std::string::npos)
      << joined(log.failures);
}

TEST_F(BringUp, ReloadKeepsTheOldListOnErrors) {
  up();
  const auto before = all_mounts();
  const std::string list = read_text(top + "/kernel/valid");
  for (const char* text : {"trixie:/os/trixie\ntrixie:/os/sl6\n", "x:/os/../etc\n", "x:/srv/x\n"}) {
    write_text(top + "/list", text);
    EXPECT_FALSE(reload(node, log)) << text;
    EXPECT_EQ(read_text(top + "/kernel/valid"), list);
    EXPECT_EQ(all_mounts(), before);
  }
  write_text(top + "/list", list, 0666);
  EXPECT_FALSE(reload(node, log));
  EXPECT_EQ(read_text(top + "/kernel/valid"), list);
}

TEST_F(BringUp, AFailedStepIsUndone) {
  const auto before = all_mounts();
  module.is_loaded = false;
  // The last step fails: the kernel's list cannot be read.
  ASSERT_EQ(::unlink((top + "/kernel/valid").c_str()), 0);
  EXPECT_FALSE(bring_up(node, log));
  EXPECT_EQ(log.failures.size(), 1u) << joined(log.failures);
  EXPECT_EQ(log.failures.front().rfind("allowlist: ", 0), 0u) << joined(log.failures);
  EXPECT_FALSE(exists(farm("")));
  EXPECT_EQ(module.loads, 1);
  EXPECT_EQ(module.unloads, 1);
  EXPECT_EQ(log.undone_steps.back(), "loading the module");
  // The mount that the module made when it was loaded is undone too.
  EXPECT_FALSE(mounted(top + "/kernel"));
  auto after = all_mounts();
  auto expected = before;
  std::erase_if(expected, [this](const auto& line) { return line.starts_with(top + "/kernel "); });
  EXPECT_EQ(after, expected);
}

TEST_F(BringUp, SomethingElseOnTheFarm) {
  make_directories(farm(""));
  ASSERT_EQ(::mount("proc", farm("").c_str(), "proc", 0, nullptr), 0);
  EXPECT_FALSE(bring_up(node, log));
  EXPECT_NE(joined(log.failures).find("something else (proc) is mounted on"), std::string::npos);
  ASSERT_EQ(::umount2(farm("").c_str(), MNT_DETACH), 0);
  make_directories(farm("/usr"));
  log = Recorder();
  EXPECT_FALSE(bring_up(node, log));
  EXPECT_NE(joined(log.failures).find("is not empty"), std::string::npos);
}

TEST_F(BringUp, AReadOnlyRootNeedsTheDirectory) {
  ASSERT_EQ(::mount(nullptr, top.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr), 0);
  EXPECT_FALSE(bring_up(node, log));
  EXPECT_NE(joined(log.failures).find("cannot make the directory"), std::string::npos);
  ASSERT_EQ(::mount(nullptr, top.c_str(), nullptr, MS_REMOUNT | MS_BIND, nullptr), 0);
  make_directories(farm(""));
  ASSERT_EQ(::mount(nullptr, top.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr), 0);
  log = Recorder();
  EXPECT_TRUE(bring_up(node, log)) << joined(log.failures);
}

TEST_F(BringUp, APrivateBaseGivesAWarning) {
  ASSERT_EQ(::mount(nullptr, "/", nullptr, MS_PRIVATE | MS_REC, nullptr), 0);
  up();
  EXPECT_NE(joined(log.warnings).find("is private"), std::string::npos) << joined(log.warnings);
  const auto before = all_mounts();
  up();
  EXPECT_EQ(all_mounts(), before);
}

TEST_F(BringUp, AnotherVersionOfTheModule) {
  set_kernel_file("version", "version 2\nabi 2\nfork_tracking on\n");
  EXPECT_FALSE(bring_up(node, log));
  EXPECT_NE(joined(log.failures).find("speaks protocol 2"), std::string::npos);
  set_kernel_file("version", "version 9\nabi 1\nfork_tracking off\n");
  module.farm_parameter = "/elsewhere";
  log = Recorder();
  EXPECT_FALSE(bring_up(node, log));
  EXPECT_NE(joined(log.failures).find("farm=/elsewhere"), std::string::npos);
  module.farm_parameter = node.config.farm;
  up();
  EXPECT_NE(joined(log.warnings).find("fork tracking is off"), std::string::npos);
}

}  // namespace
}  // namespace chos::test
