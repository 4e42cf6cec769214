// SPDX-License-Identifier: BSD-3-Clause
// up, reload and down with real mounts, in a mount namespace of the test's own.
#include "lib/bring_up.h"

#include <sys/wait.h>

#include <filesystem>

#include "fake_node.h"
#include "lib/mount_ops.h"
#include "lib/take_down.h"

namespace chos::test {
namespace {

class BringUp : public FakeNode {
 protected:
  void up() {
    log = Recorder();
    ASSERT_TRUE(bring_up(node, log)) << joined(log.failures);
  }
};

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
  // The base keeps its own.
  EXPECT_EQ(flags_at(top) & mount_nosuid, 0u);
  const Mount* dev = table->at("/dev");
  ASSERT_NE(dev, nullptr);
  EXPECT_EQ(flags_at(farm("/dev")), dev->flags);
}

TEST_F(BringUp, WhatTheBaseMountsLaterAppears) {
  up();
  make_directories(top + "/trees/new");
  mount_tmpfs(top + "/trees/new");
  write_text(top + "/trees/new/file", "later\n");
  EXPECT_EQ(read_text(farm("/os/new/file")), "later\n");
  EXPECT_EQ(read_text(farm("/local") + top + "/trees/new/file"), "later\n");
  // It comes with the flags it has in the base; reload sees to it.
  EXPECT_EQ(flags_at(farm("/os/new")) & mount_nosuid, 0u);
  EXPECT_TRUE(reload(node, log)) << joined(log.failures);
  EXPECT_EQ(flags_at(farm("/os/new")), mount_nosuid | mount_nodev);
  EXPECT_EQ(flags_at(top + "/trees/new"), 0u);
  // And nothing goes the other way.
  const bool was_mounted = mounted("/home");
  mount_tmpfs(farm("/home"));
  EXPECT_EQ(mounted("/home"), was_mounted);
  EXPECT_FALSE(mounted(farm("/local/home")));
}

TEST_F(BringUp, SharedFilesShowTheBases) {
  up();
  EXPECT_EQ(read_text(shared_in("trixie")), "root:x:0:0::/root:/bin/sh\n");
  EXPECT_EQ(read_text(shared_in("sl6")), "root:x:0:0::/root:/bin/sh\n");
  EXPECT_EQ(flags_at(shared_in("trixie")), mount_nosuid | mount_nodev);
  // The tree itself is as it was.
  EXPECT_EQ(read_text(top + "/trees/trixie" + top + "/passwd"), "the tree's own\n");
}

TEST_F(BringUp, SharedFilesAreReachedInTheOs) {
  up();
  const UniqueFd root(::open(farm("").c_str(), O_PATH | O_DIRECTORY));
  const auto seen = open_in_tree(root.get(), "/os/trixie" + top + "/passwd", Last::follow);
  ASSERT_TRUE(seen) << seen.error().what;
  EXPECT_EQ(path_of(seen->get()), farm("/local") + top + "/passwd");
}

TEST_F(BringUp, AReplacedFileIsSeenAtOnce) {
  up();
  const auto before = all_mounts();
  write_text(top + "/passwd.new", "somebody new\n");
  ASSERT_EQ(::rename((top + "/passwd.new").c_str(), (top + "/passwd").c_str()), 0);
  EXPECT_EQ(read_text(shared_in("trixie")), "somebody new\n");
  EXPECT_EQ(read_text(shared_in("sl6")), "somebody new\n");
  log = Recorder();
  EXPECT_TRUE(reload(node, log));
  EXPECT_EQ(joined(log.changed), "");
  EXPECT_EQ(all_mounts(), before);
}

TEST_F(BringUp, ReloadFollowsALinkThatLeadsElsewhere) {
  // As /etc/resolv.conf does.
  write_text(top + "/old", "old\n");
  write_text(top + "/new", "new\n");
  ASSERT_EQ(::unlink((top + "/passwd").c_str()), 0);
  ASSERT_EQ(::symlink("old", (top + "/passwd").c_str()), 0);
  up();
  EXPECT_EQ(read_text(shared_in("trixie")), "old\n");
  const auto tree = [this] { return UniqueFd(::open(farm("/os/trixie").c_str(), O_PATH)); };
  EXPECT_FALSE(is_stale_share(node.share_site(), tree().get(), top + "/passwd"));
  ASSERT_EQ(::unlink((top + "/passwd").c_str()), 0);
  ASSERT_EQ(::symlink("new", (top + "/passwd").c_str()), 0);
  EXPECT_TRUE(is_stale_share(node.share_site(), tree().get(), top + "/passwd"));
  EXPECT_TRUE(reload(node, log)) << joined(log.failures);
  EXPECT_EQ(read_text(shared_in("trixie")), "new\n");
  EXPECT_EQ(read_text(shared_in("sl6")), "new\n");
  EXPECT_FALSE(is_stale_share(node.share_site(), tree().get(), top + "/passwd"));
  const auto before = all_mounts();
  log = Recorder();
  EXPECT_TRUE(reload(node, log));
  EXPECT_EQ(joined(log.changed), "");
  EXPECT_EQ(all_mounts(), before);
}

TEST_F(BringUp, ReloadRefreshesReplacedDirectories) {
  make_directories(top + "/spool");
  make_directories(top + "/trees/trixie" + top + "/spool");
  write_text(top + "/spool/file", "old\n");
  node.config.share = {top + "/spool"};
  up();
  const std::string seen = farm("/os/trixie") + top + "/spool/file";
  EXPECT_EQ(read_text(seen), "old\n");
  ASSERT_EQ(::rename((top + "/spool").c_str(), (top + "/away").c_str()), 0);
  make_directories(top + "/spool");
  write_text(top + "/spool/file", "new\n");
  EXPECT_TRUE(reload(node, log)) << joined(log.failures);
  EXPECT_EQ(read_text(seen), "new\n");
}

TEST_F(BringUp, AFileIsNotSharedWithADirectory) {
  const std::string own = top + "/trees/sl6" + top + "/passwd";
  ASSERT_EQ(::unlink(own.c_str()), 0);
  make_directories(own);
  up();
  EXPECT_NE(joined(log.warnings).find("in the tree is a directory, in the base OS a regular file"),
            std::string::npos)
      << joined(log.warnings);
  EXPECT_FALSE(mounted(shared_in("sl6")));
  EXPECT_EQ(read_text(shared_in("trixie")), "root:x:0:0::/root:/bin/sh\n");
}

// Is up, and wants a file shared that is mounted where nothing is passed on: after the farm was bound
// it does not appear there.
class BringUpHidden : public BringUp {
 protected:
  void up_and_hide() {
    make_directories(top + "/hidden");
    mount_tmpfs(top + "/hidden");
    ASSERT_EQ(::mount(nullptr, (top + "/hidden").c_str(), nullptr, MS_PRIVATE, nullptr), 0);
    up();
    ASSERT_EQ(::umount2((farm("/local") + top + "/hidden").c_str(), MNT_DETACH), 0);
    write_text(top + "/hidden/file", "the base's\n");
    make_directories(top + "/trees/trixie" + top + "/hidden");
    write_text(top + "/trees/trixie" + top + "/hidden/file", "the tree's\n");
    node.config.share.push_back(top + "/hidden/file");
  }
};

TEST_F(BringUp, TreesBehindALinkAreFoundAmongTheMounts) {
  ASSERT_EQ(::symlink("trees", (top + "/data").c_str()), 0);
  node.config.trees = top + "/data";
  EXPECT_EQ(with_real_paths(node.config).trees, top + "/trees");
  node.config.trees = top + "/data/not/yet";
  EXPECT_EQ(with_real_paths(node.config).trees, top + "/trees/not/yet");
}

TEST_F(BringUpHidden, IsNotShared) {
  up_and_hide();
  const auto before = all_mounts();
  log = Recorder();
  EXPECT_FALSE(reload(node, log));
  EXPECT_NE(joined(log.failures).find("cannot be reached by the link"), std::string::npos)
      << joined(log.failures);
  EXPECT_EQ(all_mounts(), before);
  EXPECT_EQ(read_text(farm("/os/trixie") + top + "/hidden/file"), "the tree's\n");
}

TEST_F(BringUpHidden, WhatWasThereBeforeIsThereAfterTheFailure) {
  write_text(top + "/old", "old\n");
  write_text(top + "/new", "new\n");
  ASSERT_EQ(::unlink((top + "/passwd").c_str()), 0);
  ASSERT_EQ(::symlink("old", (top + "/passwd").c_str()), 0);
  up_and_hide();
  EXPECT_EQ(read_text(shared_in("trixie")), "old\n");
  ASSERT_EQ(::unlink((top + "/passwd").c_str()), 0);
  ASSERT_EQ(::symlink("new", (top + "/passwd").c_str()), 0);
  EXPECT_FALSE(reload(node, log));
  EXPECT_EQ(read_text(shared_in("trixie")), "new\n") << "not the tree's own";
}

// As Debian's /etc/localtime is one, and /etc/resolv.conf of many images.
TEST_F(BringUp, ALinkOfTheTreeIsCoveredAsAFileIs) {
  write_text(top + "/victim", "the base's other file\n");
  const std::string leads[] = {"../../nowhere", top + "/victim"};
  for (const int i : {0, 1}) {
    const std::string file = top + "/trees/" + (i == 0 ? "trixie" : "sl6") + top + "/passwd";
    ASSERT_EQ(::unlink(file.c_str()), 0);
    ASSERT_EQ(::symlink(leads[i].c_str(), file.c_str()), 0);
  }
  up();
  for (const char* os : {"trixie", "sl6"})
    EXPECT_EQ(read_text(shared_in(os)), "root:x:0:0::/root:/bin/sh\n") << os;
  EXPECT_FALSE(mounted(top + "/victim"));
  EXPECT_EQ(read_text(top + "/victim"), "the base's other file\n");
  const auto mounts = all_mounts();
  log = Recorder();
  EXPECT_TRUE(reload(node, log)) << joined(log.failures);
  EXPECT_EQ(joined(log.changed), "");
  EXPECT_EQ(all_mounts(), mounts);
  EXPECT_EQ(take_down(node, {}, log).what, DownOutcome::What::down) << joined(log.failures);
  EXPECT_FALSE(mounted(farm("")));
  for (const int i : {0, 1})
    EXPECT_EQ(std::filesystem::read_symlink(top + "/trees/" + (i == 0 ? "trixie" : "sl6") + top + "/passwd"),
              leads[i]);
}

TEST_F(BringUp, LinksInATreeLeadNowhereOutside) {
  const std::string tree = top + "/trees/trixie";
  write_text(top + "/victim", "the base's\n");
  node.config.share = {"/etc/a", "/etc/hostname"};
  ASSERT_EQ(::symlink((top + "/victim").c_str(), (tree + "/etc/a").c_str()), 0);
  // A directory on the way that is a link to the base's /etc, as seen from the base.
  ASSERT_EQ(std::system(("rm -r " + top + "/trees/sl6/etc && ln -s ../../../../../../etc " + top +
                         "/trees/sl6/etc").c_str()), 0);
  up();
  EXPECT_FALSE(mounted("/etc/hostname"));
  EXPECT_FALSE(mounted(top + "/victim"));
  EXPECT_EQ(read_text(top + "/victim"), "the base's\n");
}

TEST_F(BringUp, NosuidBecomesSuidAndBack) {
  up();
  write_text(top + "/list", "trixie:/os/trixie:suid\nsl6:/os/sl6\n");
  set_kernel_file("valid", "");
  EXPECT_TRUE(reload(node, log)) << joined(log.failures);
  EXPECT_EQ(flags_at(farm("/os/trixie")), unsigned{mount_nodev});
  EXPECT_EQ(flags_at(farm("/os/sl6")), mount_nosuid | mount_nodev);
  EXPECT_EQ(read_text(shared_in("trixie")), "root:x:0:0::/root:/bin/sh\n");
  const auto before = all_mounts();
  log = Recorder();
  EXPECT_TRUE(reload(node, log));
  EXPECT_EQ(joined(log.changed), "");
  EXPECT_EQ(all_mounts(), before);
}

TEST_F(BringUp, ABadListTouchesNothing) {
  const auto before = all_mounts();
  write_text(top + "/list", "trixie:/os/trixie\nbad line\n");
  EXPECT_FALSE(bring_up(node, log));
  EXPECT_NE(joined(log.failures).find("/list:2: expected name:path"), std::string::npos);
  EXPECT_EQ(all_mounts(), before);
  EXPECT_EQ(read_text(top + "/kernel/layout"), "");
  EXPECT_FALSE(exists(farm("")));
}

TEST_F(BringUp, APathOutsideTheFarmIsSaidWithItsLine) {
  write_text(top + "/list", "trixie:/os/trixie\n\nold:/srv/old\n");
  EXPECT_FALSE(bring_up(node, log));
  EXPECT_NE(joined(log.failures).find("/list:3: the farm has no directory '/srv'"),
            std::string::npos) << joined(log.failures);
}

TEST_F(BringUp, ReloadKeepsTheOldListOnErrors) {
  up();
  const auto before = all_mounts();
  const std::string list = read_text(top + "/kernel/valid");
  for (const char* text :
       {"trixie:/os/trixie\ntrixie:/os/sl6\n", "x:/os/../etc\n", "x:/srv/x\n"}) {
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
  // What the module had mounted when it was loaded went with it.
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

TEST_F(BringUp, APrivateBaseIsWarnedOf) {
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

TEST_F(BringUp, DownUndoesItAll) {
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

  // The next one does not take it that nobody is inside because nobody answers.
  make_directories(node.layers + "/of-an-overlay");
  log = Recorder();
  EXPECT_EQ(take_down(node, {}, log).what, DownOutcome::What::failed);
  EXPECT_NE(joined(log.failures).find("it is not known who is in an OS"), std::string::npos);
  EXPECT_TRUE(exists(node.layers + "/of-an-overlay"));
  EXPECT_EQ(module.unloads, 1);
}

// As the kernel has it: a file system that is mounted anywhere keeps the module.
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

TEST_F(BringUp, DownReachesWhatAServiceHasTakenAlong) {
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
    // Its own, which nothing reaches by propagation.
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

TEST_F(BringUp, DownLeavesAWholeFarmToThoseInIt) {
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
  // And a service that has made a mount namespace of its own since.
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
  EXPECT_EQ(take_down(node, {false, true}, log).what, DownOutcome::What::down)
      << joined(log.failures);
  EXPECT_FALSE(mounted(farm("")));
}

}  // namespace
}  // namespace chos::test
