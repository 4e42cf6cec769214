// SPDX-License-Identifier: BSD-3-Clause
// Files and directories of the base OS that the trees show.
#include "tree/share.h"

#include <filesystem>

#include "basic/files.h"
#include "lifecycle/down.h"
#include "mount/open.h"
#include "up_fixture.h"

namespace chos::test {
namespace {

TEST_F(BringUp, SharedFilesShowThoseOfTheBase) {
  up();
  EXPECT_EQ(read_text(shared_in("trixie")), "root:x:0:0::/root:/bin/sh\n");
  EXPECT_EQ(read_text(shared_in("sl6")), "root:x:0:0::/root:/bin/sh\n");
  EXPECT_EQ(flags_at(shared_in("trixie")), mount_nosuid | mount_nodev);
  // The tree itself is unchanged.
  EXPECT_EQ(read_text(top + "/trees/trixie" + top + "/passwd"), "the tree's own\n");
}

TEST_F(BringUp, SharedFilesCanBeOpenedInTheOs) {
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
  share_a_link_to("old");
  up();
  EXPECT_EQ(read_text(shared_in("trixie")), "old\n");
  const auto tree = [this] { return UniqueFd(::open(farm("/os/trixie").c_str(), O_PATH)); };
  EXPECT_FALSE(is_stale_share(node.share_site(), tree().get(), top + "/passwd"));
  share_a_link_to("new");
  EXPECT_TRUE(is_stale_share(node.share_site(), tree().get(), top + "/passwd"));
  EXPECT_TRUE(reload(node, log)) << joined(log.failures);
  EXPECT_EQ(read_text(shared_in("trixie")), "new\n");
  EXPECT_EQ(read_text(shared_in("sl6")), "new\n");
  EXPECT_FALSE(is_stale_share(node.share_site(), tree().get(), top + "/passwd"));
  reload_changes_nothing();
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

// A shared directory with mounts in it, such as HTCondor's execute directory.
class BringUpSpool : public BringUp {
 protected:
  void SetUp() override {
    BringUp::SetUp();
    if (IsSkipped()) return;
    for (const char* os : {"trixie", "sl6"}) make_directories(top + "/trees/" + os + spool());
    for (const char* directory : {"first", "later"}) make_directories(spool() + "/" + directory);
    node.config.share = {spool()};
  }
  std::string spool() const { return top + "/spool"; }
  std::string in(const std::string& os, const std::string& path) const {
    return farm("/os/" + os) + spool() + path;
  }
  void base_mounts(const std::string& path, unsigned long flags = 0) {
    mount_tmpfs(spool() + path, flags);
    write_text(spool() + path + "/file", path + "\n");
  }
  // Mounts the spool, with a directory in it, and keeps it for mount_spool_again().
  void mount_spool_with(const std::string& name) {
    mount_tmpfs(spool());
    make_directories(spool() + name);
    make_directories(top + "/other");
    ASSERT_EQ(::mount(spool().c_str(), (top + "/other").c_str(), nullptr, MS_BIND, nullptr), 0);
  }
  // Unmounts the spool and mounts it again, in another peer group.
  void mount_spool_again() {
    ASSERT_EQ(::umount2(spool().c_str(), 0), 0);
    ASSERT_EQ(::mount((top + "/other").c_str(), spool().c_str(), nullptr, MS_BIND, nullptr), 0);
    for (const auto kind : {MS_PRIVATE, MS_SHARED})
      ASSERT_EQ(::mount(nullptr, spool().c_str(), nullptr, kind, nullptr), 0);
  }
};

TEST_F(BringUpSpool, ShowsWhatIsMountedInIt) {
  base_mounts("/first");
  up();
  EXPECT_EQ(read_text(in("trixie", "/first/file")), "/first\n");
  EXPECT_EQ(read_text(in("sl6", "/first/file")), "/first\n");
  EXPECT_EQ(flags_at(in("trixie", "/first")), mount_nosuid | mount_nodev);
  EXPECT_EQ(flags_at(in("sl6", "/first")), mount_nodev);
  reload_changes_nothing();
}

TEST_F(BringUpSpool, ShowsWhatIsMountedLater) {
  up();
  base_mounts("/later");
  EXPECT_EQ(read_text(in("trixie", "/later/file")), "/later\n");
  base_mounts("");  // the directory itself
  EXPECT_EQ(read_text(in("trixie", "/file")), "\n");
  EXPECT_TRUE(reload(node, log)) << joined(log.failures);
  EXPECT_EQ(flags_at(in("trixie", "")), mount_nosuid | mount_nodev);
  reload_changes_nothing();
  make_directories(spool() + "/more");
  base_mounts("/more");
  ASSERT_EQ(::umount2((spool() + "/more").c_str(), 0), 0);
  ASSERT_EQ(::umount2(spool().c_str(), 0), 0);
  EXPECT_EQ(read_text(in("trixie", "/file")), "");
  EXPECT_EQ(read_text(in("sl6", "/later/file")), "/later\n");
  EXPECT_TRUE(reload(node, log)) << joined(log.failures);
  EXPECT_EQ(flags_at(in("trixie", "/later")), mount_nosuid | mount_nodev);
  reload_changes_nothing();
}

// At no moment does a setuid program work in the shared directory or in a mount in it.
TEST_F(BringUpSpool, HasItsFlagsFromTheStart) {
  constexpr int mount_setattr = 442;
  if (::syscall(mount_setattr, -1, "", 0, nullptr, 0) != 0 && errno == ENOSYS)
    GTEST_SKIP() << "the kernel is older than 5.12";
  base_mounts("/first");
  base_mounts("/later", MS_NOEXEC);
  const auto table = MountTable::read();
  ASSERT_TRUE(table);
  const std::string tree = top + "/trees/trixie";
  const UniqueFd fd(::open(tree.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  const auto outcome = share_path(node.share_site(), *table, fd.get(), spool(), mount_nosuid | mount_nodev,
                                  [] { return false; });
  ASSERT_TRUE(outcome) << outcome.error().what;
  EXPECT_EQ(flags_at(tree + spool()), mount_nosuid | mount_nodev);
  EXPECT_EQ(flags_at(tree + spool() + "/first"), mount_nosuid | mount_nodev);
  EXPECT_EQ(flags_at(tree + spool() + "/later"), mount_nosuid | mount_nodev | mount_noexec);
  EXPECT_EQ(flags_at(spool() + "/first"), 0U);
}

// A directory that is nosuid in the base is nosuid in the OSs.
TEST_F(BringUpSpool, KeepsTheBasesFlags) {
  base_mounts("", MS_NOSUID | MS_NOEXEC);
  make_directories(spool() + "/first");
  base_mounts("/first", MS_NOSUID);
  up();
  EXPECT_EQ(flags_at(in("sl6", "")), mount_nosuid | mount_nodev | mount_noexec);
  EXPECT_EQ(flags_at(in("sl6", "/first")), mount_nosuid | mount_nodev);
  reload_changes_nothing();
}

// The same in OSs whose trees get the mount point in a layer.
TEST_F(BringUpSpool, KeepsTheBasesFlagsInALayer) {
  mount_tmpfs("/mnt");
  make_directories("/mnt/site/scratch/alice");
  for (const char* os : {"trixie", "sl6"}) make_directories(top + "/trees/" + os + "/mnt/site");
  mount_tmpfs("/mnt/site/scratch/alice", MS_NOSUID);
  node.config.share = {"/mnt/site/scratch"};
  up();
  const std::string seen = farm("/os/sl6") + "/mnt/site/scratch";
  EXPECT_EQ(flags_at(seen), mount_nodev);
  EXPECT_EQ(flags_at(seen + "/alice"), mount_nosuid | mount_nodev);
  reload_changes_nothing();
}

// The same after the directory was removed from [share].
TEST_F(BringUpSpool, KeepsTheBasesFlagsWhenItIsSharedNoMore) {
  base_mounts("", MS_NOSUID);
  make_directories(spool() + "/first");
  base_mounts("/first", MS_NOSUID);
  up();
  set_kernel_file("processes", std::to_string(::getpid()) + " sl6\n");
  node.config.share.clear();
  EXPECT_TRUE(reload(node, log)) << joined(log.failures);
  EXPECT_EQ(flags_at(in("sl6", "")), mount_nosuid | mount_nodev);
  EXPECT_EQ(flags_at(in("sl6", "/first")), mount_nosuid | mount_nodev);
}

// A share that an older version bound as a private mount is bound again.
TEST_F(BringUpSpool, IsBoundAgainIfItWasPrivate) {
  up();
  for (const char* os : {"trixie", "sl6"})
    ASSERT_EQ(::mount(nullptr, in(os, "").c_str(), nullptr, MS_PRIVATE, nullptr), 0);
  EXPECT_TRUE(reload(node, log)) << joined(log.failures);
  base_mounts("/later");
  EXPECT_EQ(read_text(in("trixie", "/later/file")), "/later\n");
  EXPECT_EQ(read_text(in("sl6", "/later/file")), "/later\n");
  EXPECT_TRUE(reload(node, log)) << joined(log.failures);
  reload_changes_nothing();
}

// The base unmounts the directory and mounts it again, so it is in another peer group.
TEST_F(BringUpSpool, IsBoundAgainIfTheBaseMountedItAgain) {
  mount_spool_with("/later");
  up();
  mount_spool_again();
  EXPECT_TRUE(reload(node, log)) << joined(log.failures);
  base_mounts("/later");
  EXPECT_EQ(read_text(in("trixie", "/later/file")), "/later\n");
  EXPECT_TRUE(reload(node, log)) << joined(log.failures);
  reload_changes_nothing();
}

// The same, as an automounter does it, while processes are in the share: replacing it would leave them in an
// unmounted one.
TEST_F(BringUpSpool, IsKeptForProcessesInIt) {
  mount_spool_with("/job");
  up();
  const UniqueFd job(::open(in("trixie", "/job").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  mount_spool_again();
  set_kernel_file("processes", std::to_string(::getpid()) + " trixie\n");
  log = Recorder();
  EXPECT_TRUE(reload(node, log)) << joined(log.failures);
  EXPECT_EQ(path_of(job.get()), in("trixie", "/job"));
  ASSERT_EQ(log.warnings.size(), 1U) << joined(log.warnings);
  EXPECT_NE(log.warnings[0].find("'trixie' shows it as it was"), std::string::npos) << log.warnings[0];
  // No process is in the other OS.
  base_mounts("/job");
  EXPECT_EQ(read_text(in("sl6", "/job/file")), "/job\n");
  EXPECT_EQ(read_text(in("trixie", "/job/file")), "");
  set_kernel_file("processes", "");
  EXPECT_TRUE(reload(node, log)) << joined(log.failures);
  EXPECT_EQ(read_text(in("trixie", "/job/file")), "/job\n");
  reload_changes_nothing();
}

// A new bind may get the id of a mount that was unmounted.
TEST_F(BringUpSpool, OneShareInAnother) {
  base_mounts("/later");
  base_mounts("/first");
  node.config.share = {spool(), spool() + "/first"};
  up();
  for (const char* os : {"trixie", "sl6"})
    ASSERT_EQ(::mount(nullptr, in(os, "").c_str(), nullptr, MS_PRIVATE | MS_REC, nullptr), 0);
  ASSERT_EQ(::umount2((spool() + "/later").c_str(), 0), 0);
  EXPECT_TRUE(reload(node, log)) << joined(log.failures);
  EXPECT_EQ(read_text(in("trixie", "/first/file")), "/first\n");
  EXPECT_EQ(flags_at(in("trixie", "/first")), mount_nosuid | mount_nodev);
  EXPECT_FALSE(mounted(in("trixie", "/later")));
  reload_changes_nothing();
}

// Before Linux 5.12 a copy leaves its peer group only after it is attached.  A process that was killed before
// that left a peer of the base's mount.
TEST_F(BringUpSpool, UnmountsNothingInTheBase) {
  up();
  const std::string seen = in("trixie", "");
  ASSERT_EQ(::umount2(seen.c_str(), MNT_DETACH), 0);
  ASSERT_EQ(::mount(spool().c_str(), seen.c_str(), nullptr, MS_BIND | MS_REC, nullptr), 0);
  base_mounts("/first");
  ASSERT_EQ(read_text(in("trixie", "/first/file")), "/first\n");
  EXPECT_TRUE(reload(node, log)) << joined(log.failures);
  EXPECT_TRUE(mounted(spool() + "/first"));
  EXPECT_EQ(read_text(in("trixie", "/first/file")), "/first\n");
  ASSERT_EQ(::rename(spool().c_str(), (top + "/away").c_str()), 0);
  make_directories(spool());
  EXPECT_TRUE(reload(node, log)) << joined(log.failures);
  EXPECT_EQ(read_text(in("trixie", "/first/file")), "");
  EXPECT_TRUE(mounted(top + "/away/first"));
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

// The node is up, and a file is to be shared that lies on a private mount.  It was mounted after the farm was
// bound, so the farm does not show it.
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

TEST_F(BringUpHidden, AFailureKeepsWhatWasShown) {
  share_a_link_to("old");
  up_and_hide();
  EXPECT_EQ(read_text(shared_in("trixie")), "old\n");
  share_a_link_to("new");
  EXPECT_FALSE(reload(node, log));
  EXPECT_EQ(read_text(shared_in("trixie")), "new\n") << "not the tree's own";
}

// Debian's /etc/localtime is a link, and so is /etc/resolv.conf of many images.
TEST_F(BringUp, ALinkOfTheTreeIsCoveredLikeAFile) {
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

// Root's sshd writes to /var/run/utmp and /var/log/wtmp after the user's OS was entered.
TEST_F(BringUp, ALinkOfTheTreeIsCoveredLikeADirectory) {
  const std::string log_files = top + "/var/log", run = top + "/var/run", real_run = top + "/run";
  make_directories(log_files);
  make_directories(real_run);
  ASSERT_EQ(::symlink(real_run.c_str(), run.c_str()), 0);
  write_text(log_files + "/wtmp", "the base's\n");
  write_text(real_run + "/utmp", "the base's\n");
  write_text(top + "/victim", "the base's other file\n");
  node.config.share = {log_files, run};
  // A directory and a link, with links of their own to a file of the base.
  const std::string evil = top + "/trees/trixie" + top + "/evil";
  make_directories(evil);
  make_directories(top + "/trees/trixie" + run);
  make_directories(top + "/trees/trixie" + top + "/var");
  for (const auto& link : {evil + "/wtmp", top + "/trees/trixie" + run + "/utmp"})
    ASSERT_EQ(::symlink(("/local" + top + "/victim").c_str(), link.c_str()), 0);
  ASSERT_EQ(::symlink("../evil", (top + "/trees/trixie" + log_files).c_str()), 0);
  up();
  EXPECT_EQ(read_text(farm("/os/trixie") + log_files + "/wtmp"), "the base's\n");
  EXPECT_EQ(read_text(farm("/os/trixie") + run + "/utmp"), "the base's\n");
  const auto mounts = all_mounts();
  log = Recorder();
  EXPECT_TRUE(reload(node, log)) << joined(log.failures);
  EXPECT_EQ(joined(log.changed), "");
  EXPECT_EQ(all_mounts(), mounts);
  EXPECT_EQ(take_down(node, {}, log).what, DownOutcome::What::down) << joined(log.failures);
  EXPECT_EQ(std::filesystem::read_symlink(top + "/trees/trixie" + log_files), "../evil");
  EXPECT_EQ(read_text(log_files + "/wtmp"), "the base's\n");
}

// Root's sshd would read from it what a user writes.
TEST_F(BringUp, AFifoOfTheTreeIsCoveredLikeAFile) {
  const std::string file = top + "/trees/trixie" + top + "/passwd";
  ASSERT_EQ(::unlink(file.c_str()), 0);
  ASSERT_EQ(::mkfifo(file.c_str(), 0666), 0);
  up();
  EXPECT_EQ(read_text(shared_in("trixie")), "root:x:0:0::/root:/bin/sh\n");
  const auto mounts = all_mounts();
  log = Recorder();
  EXPECT_TRUE(reload(node, log)) << joined(log.failures);
  EXPECT_EQ(all_mounts(), mounts);
}

// Accounts of which the tree decides, or its users, though the base's are to be shown.
class BringUpAccounts : public BringUp {
 protected:
  void SetUp() override {
    BringUp::SetUp();
    if (IsSkipped()) return;
    write_text(top + "/list", "trixie:/os/trixie\nsl6:/os/sl6\n");
    node.config.share = {"/etc/group"};
    tree_ = top + "/trees/sl6";
    std::filesystem::remove_all(tree_ + "/etc");
  }
  void closes_sl6_for(const std::string& reason) {
    (void)bring_up(node, log);
    const std::string valid = read_text(top + "/kernel/valid");
    EXPECT_NE(valid.find("sl6:/os/sl6:closed\n"), std::string::npos) << valid;
    EXPECT_NE(valid.find("trixie:/os/trixie\n"), std::string::npos) << valid;
    EXPECT_NE(joined(log.warnings).find(reason), std::string::npos) << joined(log.warnings);
  }
  std::string tree_;
};

// Within the tree the link leads to a directory of the tree, in the OS to one that all OSs share.
TEST_F(BringUpAccounts, BehindALinkThatLeadsOutCloseTheOs) {
  make_directories(tree_ + "/tmp/decoy");
  write_text(tree_ + "/tmp/decoy/group", "the tree's\n");
  ASSERT_EQ(::symlink("/tmp/decoy", (tree_ + "/etc").c_str()), 0);
  closes_sl6_for("leads out of the tree");
}

TEST_F(BringUpAccounts, ThatUsersCanMakeCloseTheOs) {
  make_directories(tree_ + "/run/etc");
  ASSERT_EQ(::chmod((tree_ + "/run/etc").c_str(), 01777), 0);
  ASSERT_EQ(::symlink("run/etc", (tree_ + "/etc").c_str()), 0);
  closes_sl6_for("users can make it");
}

TEST_F(BringUp, LinksOfATreeAreResolvedInsideIt) {
  const std::string tree = top + "/trees/trixie";
  write_text(top + "/victim", "the base's\n");
  node.config.share = {"/etc/a", "/etc/hostname"};
  ASSERT_EQ(::symlink((top + "/victim").c_str(), (tree + "/etc/a").c_str()), 0);
  // Seen from the base, a directory on the way is a link to the base's /etc.
  ASSERT_EQ(
      std::system(("rm -r " + top + "/trees/sl6/etc && ln -s ../../../../../../etc " + top + "/trees/sl6/etc")
                      .c_str()),
      0);
  up();
  EXPECT_FALSE(mounted("/etc/hostname"));
  EXPECT_FALSE(mounted(top + "/victim"));
  EXPECT_EQ(read_text(top + "/victim"), "the base's\n");
}

}  // namespace
}  // namespace chos::test
