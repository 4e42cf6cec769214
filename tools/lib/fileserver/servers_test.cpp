// SPDX-License-Identifier: BSD-3-Clause
// Trees on a server that does not answer: a FUSE file system without a server process.
#include "fileserver/servers.h"

#include <fcntl.h>

#include <map>

#include "allowlist/allowlist.h"
#include "basic/files.h"
#include "config/config.h"
#include "farm/layout.h"
#include "farm/missing_trees.h"
#include "inspect/finding.h"
#include "inspect/tree.h"
#include "lifecycle/down.h"
#include "lifecycle/up.h"
#include "lifecycle/watched_trees.h"
#include "report/doctor.h"
#include "report/status.h"
#include "silent_server.h"

namespace chos::test {
namespace {

TEST(Servers, TypesThatWaitForAServer) {
  for (const char* type : {"nfs", "nfs4", "cifs", "autofs", "fuse", "fuse.sshfs", "fuseblk", "lustre"})
    EXPECT_TRUE(waits_for_server(type)) << type;
  for (const char* type : {"ext4", "tmpfs", "overlay", "squashfs", "xfs"})
    EXPECT_FALSE(waits_for_server(type)) << type;
}

TEST(Servers, AreFoundOnTheWayToAPath) {
  const auto table =
      MountTable::parse("20 1 8:1 / / rw - ext4 /dev/a rw\n21 20 0:50 / /net rw - nfs4 s:/ rw\n");
  ASSERT_TRUE(table);
  const Servers servers(*table);
  EXPECT_TRUE(servers.serve("/net/trees/x"));
  EXPECT_FALSE(servers.serve("/network"));
  // A missing directory is an answer too, and a local directory is not asked.
  EXPECT_TRUE(servers.ask("/net/nothing"));
  EXPECT_TRUE(servers.ask("/tmp"));
}

TEST_F(SilentServer, IsWaitedForOnce) {
  falls_silent();
  if (IsSkipped()) return;
  const auto servers = Servers::of_node();
  auto began = Clock::now();
  const auto status = servers.ask(top + "/trees/far");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ETIMEDOUT);
  EXPECT_EQ(status.error().what, top + "/trees/far does not answer");
  EXPECT_GE(Clock::now() - began, seconds(9));
  EXPECT_LT(Clock::now() - began, seconds(13));
  began = Clock::now();
  EXPECT_FALSE(servers.ask(top + "/trees/far/also"));
  EXPECT_FALSE(Servers::of_node().ask(top + "/trees/far"));
  EXPECT_LT(Clock::now() - began, seconds(5));
  EXPECT_TRUE(servers.ask(top + "/trees/trixie"));
}

// An automounter that mounts on the directory itself (systemd's) has one server; a map of names has many.
TEST_F(SilentServer, BehindAnAutomounter) {
  const std::string direct = top + "/direct", map = top + "/map";
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const UniqueFd reader(ends[0]), writer(ends[1]);
  for (const auto& place : {direct, map}) {
    make_directories(place);
    // In another process group: requests of its own group would wait for an answer.
    const std::string options = "fd=" + std::to_string(writer.get()) + ",pgrp=1,minproto=5,maxproto=5," +
                                (place == map ? "indirect" : "direct");
    if (::mount("mute", place.c_str(), "autofs", 0, options.c_str()) != 0)
      GTEST_SKIP() << "the kernel has no autofs";
  }
  const auto servers = Servers::of_node();
  const auto time_of = [&servers](const std::string& path) {
    const auto began = Clock::now();
    EXPECT_FALSE(servers.ask(path)) << path;
    return Clock::now() - began;
  };
  EXPECT_GE(time_of(direct + "/a"), seconds(9));
  EXPECT_LT(time_of(direct + "/b"), seconds(1));
  EXPECT_GE(time_of(map + "/a/x"), seconds(9));
  EXPECT_LT(time_of(map + "/a/y"), seconds(1));
  EXPECT_GE(time_of(map + "/b"), seconds(9));
}

// Its OSs are closed, no other step blocks, and its trees are not touched.
TEST_F(SilentServer, AtBoot) {
  falls_silent();
  if (IsSkipped()) return;
  const auto began = Clock::now();
  ASSERT_TRUE(bring_up(node, log)) << joined(log.failures);
  EXPECT_LT(Clock::now() - began, seconds(20));
  EXPECT_EQ(valid(), "trixie:/os/trixie\nfar:/os/far:closed\nalso:/os/far/also:closed\n");
  EXPECT_TRUE(warned("the tree of 'far' at " + top + "/trees/far does not answer; the OS is closed"))
      << joined(log.warnings);
  EXPECT_TRUE(warned("2 OSs are closed"));
  EXPECT_EQ(read_text(shared_in("trixie")), "root:x:0:0::/root:/bin/sh\n");

  const auto status = examine_node(node);
  ASSERT_EQ(status.oses.size(), 3U);
  EXPECT_EQ(describe_state(status.oses[0].entry, status.oses[0].tree), "open");
  EXPECT_EQ(describe_state(status.oses[1].entry, status.oses[1].tree), "server does not answer");
  EXPECT_TRUE(status.oses[1].in_kernel);
  Findings findings;
  examine_tree(Allowlist(), status.oses[1].entry, top + "/trees/far", node.config, "6.1", Servers::of_node(),
               findings);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_NE(findings[0].what.find("does not answer"), std::string::npos);
  // chosctl watch takes the tree neither for there nor for gone.
  const auto table = MountTable::read();
  ASSERT_TRUE(table);
  const auto list = loaded_list(node);
  const auto states = look_at_trees(node.config, list, list, *table);
  EXPECT_EQ(states.count("far"), 0U);
  EXPECT_TRUE(states.at("trixie").there);
  EXPECT_LT(Clock::now() - began, seconds(25));
}

// A directory below the root of a file system, as with a link /scratch -> /nfs/scratch.
class SilentScratch : public SilentServer {
 protected:
  std::string link, target;

  void SetUp() override {
    SilentServer::SetUp();
    if (IsSkipped()) return;
    write_text(top + "/list", "trixie:/os/trixie\n");
    link = top + "/scratch";
    target = farm(link);
    make_directories(top + "/nfs");
    mount_tmpfs(top + "/nfs");
    make_directories(top + "/nfs/scratch");
    ASSERT_EQ(::symlink("nfs/scratch", link.c_str()), 0);
    make_directories(top + "/kernel/farm" + link);
    node.config.dirs.push_back(link.substr(1));
  }
};

TEST_F(SilentScratch, AtBoot) {
  falls_silent(top + "/nfs");
  if (IsSkipped()) return;
  const auto began = Clock::now();
  ASSERT_TRUE(bring_up(node, log)) << joined(log.failures);
  EXPECT_LT(Clock::now() - began, seconds(20));
  EXPECT_TRUE(warned(target + " is empty until chosctl reload")) << joined(log.warnings);
  server.reset();
  ASSERT_EQ(::umount2((top + "/nfs").c_str(), MNT_DETACH), 0);
  set_kernel_file("layout", "");
  ASSERT_TRUE(reload(node, log)) << joined(log.failures);
  EXPECT_TRUE(mounted(target));
}

TEST_F(SilentScratch, WhileItIsUp) {
  ASSERT_TRUE(bring_up(node, log)) << joined(log.failures);
  ASSERT_TRUE(mounted(target));
  falls_silent(top + "/nfs");
  if (IsSkipped()) return;
  const int before = id_at(target);
  set_kernel_file("layout", "");  // what was written is no name for the kernel, but for this file
  const std::string said = reloaded();
  EXPECT_TRUE(said.starts_with("done\n")) << said;
  EXPECT_TRUE(has(said, top + "/nfs/scratch of the base OS does not answer (is its server up?); " + target +
                            " stays as it is"))
      << said;
  EXPECT_EQ(id_at(target), before);
  EXPECT_TRUE(has(read_text(top + "/kernel/layout"), "dir " + link.substr(1) + "\n"));
  const std::string findings = found_by_doctor();
  EXPECT_TRUE(has(findings, top + "/nfs/scratch of the base OS, which " + target +
                                " shows, does not "
                                "answer"))
      << findings;
}

TEST_F(SilentServer, HoldsTheDirectoryOfTheTrees) {
  write_text(top + "/list", "trixie:/os/trixie\n");
  make_directories(top + "/srv");
  mount_tmpfs(top + "/srv");
  ASSERT_EQ(std::system(("cp -a " + top + "/trees " + top + "/srv").c_str()), 0);
  node.config.trees = top + "/srv/trees";
  ASSERT_TRUE(bring_up(node, log)) << joined(log.failures);
  falls_silent(top + "/srv");
  if (IsSkipped()) return;
  const int before = id_at(farm("/os"));
  const std::string said = reloaded();
  EXPECT_TRUE(said.starts_with("done\n")) << said;
  EXPECT_TRUE(has(said, top + "/srv/trees of the base OS does not answer")) << said;
  EXPECT_TRUE(has(said, "the OS stays open")) << said;
  EXPECT_EQ(id_at(farm("/os")), before);
  const std::string findings = found_by_doctor();
  EXPECT_TRUE(has(findings, top + "/srv/trees of the base OS, which")) << findings;
}

// The base has unmounted the tree, the farm still shows it, and the OS is closed in /etc/chos.
TEST_F(SilentServer, InTheFarmAlone) {
  write_text(top + "/list", "trixie:/os/trixie\nfar:/os/far\n");
  ASSERT_TRUE(bring_up(node, log)) << joined(log.failures);
  ASSERT_EQ(::rename((top + "/trees/far").c_str(), (top + "/trees/.away").c_str()), 0);
  make_directories(top + "/trees/far");
  falls_silent(farm("/os/far"));
  if (IsSkipped()) return;
  for (const char* option : {"", ":closed"}) {
    write_text(top + "/list", std::string("trixie:/os/trixie\nfar:/os/far") + option + "\n");
    const std::string said = reloaded();
    EXPECT_TRUE(said.starts_with("done\n")) << said;
    EXPECT_TRUE(has(said, "the tree of 'far' cannot be found")) << said;
    EXPECT_TRUE(has(valid(), "far:/os/far:closed\n")) << valid();
  }
}

// The same after the base has a tree again.
TEST_F(SilentServer, InTheFarmAloneForDoctor) {
  write_text(top + "/list", "trixie:/os/trixie\nfar:/os/far\n");
  ASSERT_TRUE(bring_up(node, log)) << joined(log.failures);
  falls_silent(farm("/os/far"));
  if (IsSkipped()) return;
  const std::string findings = found_by_doctor();
  EXPECT_TRUE(has(findings, "the farm shows another tree: " + farm("/os/far") + " does not answer"))
      << findings;
}

// All names of a tree are open or closed together.  The kernel refuses a list in which they differ.
TEST_F(SilentServer, ByAnotherName) {
  write_text(top + "/list", "far:/os/far\n");
  ASSERT_TRUE(bring_up(node, log)) << joined(log.failures);
  falls_silent();
  if (IsSkipped()) return;
  write_text(top + "/list", "far:/os/far\nnew:/os/far\n");
  ASSERT_TRUE(bring_up(node, log)) << joined(log.failures);
  EXPECT_EQ(valid(), "far:/os/far\nnew:/os/far\n");
}

// Neither the server nor mounts on its directories are looked at.
TEST_F(SilentServer, OnTheWay) {
  make_directories(top + "/trees/far/image");
  falls_silent();
  if (IsSkipped()) return;
  ASSERT_EQ(::symlink((top + "/trees/far").c_str(), (top + "/trees/link").c_str()), 0);
  const auto servers = Servers::of_node();
  EXPECT_EQ(servers.real_path(top + "/trees/link/x/y"), top + "/trees/far/x/y");
  EXPECT_TRUE(servers.serve(top + "/trees/link/x"));
  EXPECT_FALSE(servers.serve(top + "/trees/trixie"));
  EXPECT_FALSE(servers.ask(top + "/trees/link/x"));
  node.config.trees = top + "/trees/link/os";
  EXPECT_EQ(with_real_paths(node.config).trees, top + "/trees/far/os");
  // An image is mounted on a directory of the server.
  const auto table = MountTable::parse(
      "20 1 8:1 / / rw - ext4 /dev/a rw\n21 20 0:50 / /net rw - nfs4 s:/ rw\n"
      "22 21 7:0 / /net/squash rw - squashfs /dev/loop0 rw\n");
  ASSERT_TRUE(table);
  EXPECT_TRUE(Servers(*table).serve("/net/squash/bin"));
}

// The OS stays open, and entering it waits as in the base OS: a server that is slow for a while fails no job.
TEST_F(SilentServer, WhileItIsOpen) {
  write_text(top + "/list", "trixie:/os/trixie\nfar:/os/far:suid\n");
  ASSERT_TRUE(bring_up(node, log)) << joined(log.failures);
  ASSERT_EQ(valid(), "trixie:/os/trixie\nfar:/os/far:suid\n");
  const auto flags = flags_at(farm("/os/far"));
  falls_silent();
  if (IsSkipped()) return;
  log = Recorder();
  make_tree("sid");
  write_text(top + "/list", "trixie:/os/trixie\nfar:/os/far:suid\nsid:/os/sid\n");
  const auto began = Clock::now();
  ASSERT_TRUE(reload(node, log)) << joined(log.failures);
  EXPECT_LT(Clock::now() - began, seconds(20));
  EXPECT_EQ(valid(), "trixie:/os/trixie\nfar:/os/far:suid\nsid:/os/sid\n");
  EXPECT_EQ(flags_at(farm("/os/far")), flags);
  EXPECT_TRUE(warned("does not answer; the OS stays open")) << joined(log.warnings);
  EXPECT_FALSE(warned("closed because"));
  const auto status = examine_node(node);
  ASSERT_EQ(status.oses.size(), 3U);
  EXPECT_EQ(describe_state(status.oses[1].entry, status.oses[1].tree), "open, server does not answer, suid");
  EXPECT_TRUE(status.oses[1].in_kernel);
}

// The OSs keep showing a shared directory, such as /var/mail, also those whose trees lack a mount point for
// it.
TEST_F(SilentServer, HoldsASharedDirectory) {
  write_text(top + "/list", "trixie:/os/trixie\nsl6:/os/sl6:suid\n");
  mount_tmpfs("/mnt");
  const std::string mail = "/mnt/site/mail";
  make_directories(mail);
  make_directories(top + "/trees/trixie" + mail);
  // An empty directory is covered without overlayfs.
  make_directories(top + "/trees/sl6/mnt/site");
  node.config.share.push_back(mail);
  ASSERT_TRUE(bring_up(node, log)) << joined(log.failures);
  ASSERT_TRUE(mounted(farm("/os/sl6") + mail));
  falls_silent(mail);
  if (IsSkipped()) return;
  std::map<std::string, std::vector<std::string>> before;
  for (const char* os : {"trixie", "sl6"}) before[os] = mounts_in(os);
  make_tree("new");
  write_text(top + "/list", "trixie:/os/trixie\nsl6:/os/sl6:suid\nnew:/os/new\n");
  const auto began = Clock::now();
  log = Recorder();
  ASSERT_TRUE(reload(node, log)) << joined(log.failures);
  EXPECT_TRUE(warned(mail + " of the base OS does not answer")) << joined(log.warnings);
  EXPECT_EQ(valid(), "trixie:/os/trixie\nsl6:/os/sl6:suid\nnew:/os/new\n");
  EXPECT_EQ(read_text(shared_in("new")), "root:x:0:0::/root:/bin/sh\n");
  for (const char* os : {"trixie", "sl6"}) {
    EXPECT_EQ(mounts_in(os), before[os]) << os;
    EXPECT_EQ(flags_at(farm("/os/") + os + mail) & mount_nodev, mount_nodev) << os;
  }
  std::string findings;
  for (const auto& finding : examine(node, ParsedConfig(), [](const std::string&) {}))
    findings += finding.what + "\n";
  EXPECT_NE(findings.find(mail + " of the base OS does not answer"), std::string::npos) << findings;
  EXPECT_LT(Clock::now() - began, seconds(20));
  EXPECT_EQ(take_down(node, {}, log).what, DownOutcome::What::down) << joined(log.failures);
  EXPECT_LT(Clock::now() - began, seconds(25));
}

// Reload after the base has unmounted it (umount -l), while the OSs still show it.
TEST_F(SilentServer, HoldsASharedDirectoryThatTheBaseHasUnmounted) {
  write_text(top + "/list", "trixie:/os/trixie\n");
  const std::string mail = top + "/mail", seen = farm("/os/trixie") + mail;
  make_directories(mail);
  make_directories(top + "/trees/trixie" + mail);
  node.config.share.push_back(mail);
  ASSERT_TRUE(bring_up(node, log)) << joined(log.failures);
  make_directories(top + "/before");
  falls_silent(top + "/before");
  if (IsSkipped()) return;
  ASSERT_EQ(::umount2(seen.c_str(), MNT_DETACH), 0);
  ASSERT_EQ(::mount((top + "/before").c_str(), seen.c_str(), nullptr, MS_BIND, nullptr), 0);
  ASSERT_EQ(::umount2((top + "/before").c_str(), MNT_DETACH), 0);
  write_text(mail + "/alice", "for alice\n");
  const auto began = Clock::now();
  std::string findings;
  for (const auto& finding : examine(node, ParsedConfig(), [](const std::string&) {}))
    findings += finding.what + "\n";
  EXPECT_NE(findings.find("shows something else as " + mail), std::string::npos) << findings;
  ASSERT_TRUE(reload(node, log)) << joined(log.failures);
  EXPECT_EQ(read_text(seen + "/alice"), "for alice\n");
  EXPECT_LT(Clock::now() - began, seconds(20));
}

// The OS is suid, and the directory is not.
TEST_F(SilentServer, HoldsANosuidSharedDirectory) {
  write_text(top + "/list", "sl6:/os/sl6:suid\n");
  mount_tmpfs("/mnt");
  const std::string mail = "/mnt/mail", seen = farm("/os/sl6/real/mail");
  make_directories(mail);
  mount_tmpfs(mail, MS_NOSUID);
  // Somewhere else than its name says.
  make_directories(top + "/trees/sl6/real/mail");
  ASSERT_EQ(::symlink("real", (top + "/trees/sl6/mnt").c_str()), 0);
  node.config.share.push_back(mail);
  ASSERT_TRUE(bring_up(node, log)) << joined(log.failures);
  EXPECT_EQ(flags_at(seen), mount_nosuid | mount_nodev);
  falls_silent(mail);
  if (IsSkipped()) return;
  ASSERT_EQ(::mount(nullptr, mail.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_NOSUID, nullptr), 0);
  ASSERT_EQ(::mount(nullptr, seen.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_NOSUID, nullptr), 0);
  ASSERT_TRUE(reload(node, log)) << joined(log.failures);
  EXPECT_EQ(flags_at(seen), mount_nosuid | mount_nodev);
}

// The tree of the OS is silent when reload asks, and answers when it sets flags.
TEST_F(SilentServer, HoldsANosuidSharedDirectoryOfASilentOs) {
  const std::string spool = top + "/spool", mail = top + "/mail", far = top + "/trees/far";
  for (const auto& directory : {spool, mail, far + spool}) make_directories(directory);
  mount_tmpfs(spool, MS_NOSUID);
  node.config.share = {spool};
  write_text(top + "/list", "far:/os/far:suid\n");
  ASSERT_TRUE(bring_up(node, log)) << joined(log.failures);
  const std::string seen = farm("/os/far") + spool;
  ASSERT_EQ(flags_at(seen), mount_nosuid | mount_nodev);
  falls_silent();
  if (IsSkipped()) return;
  const UniqueFd first = std::move(server);
  // Another server, for which reload waits meanwhile.
  falls_silent(mail);
  node.config.share.push_back(mail);
  const pid_t child = ::fork();
  if (child == 0) {
    ::sleep(15);
    ::umount2(far.c_str(), MNT_DETACH);
    ::_exit(0);
  }
  EXPECT_TRUE(reload(node, log)) << joined(log.failures);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(warned("the tree of 'far'")) << joined(log.warnings);
  EXPECT_EQ(flags_at(seen), mount_nosuid | mount_nodev);
  EXPECT_EQ(flags_at(farm("/os/far")), unsigned{mount_nodev});
}

// The layer with its mount point is replaced, and the share is moved to the new one.
TEST_F(SilentServer, HoldsASharedDirectoryInALayer) {
  write_text(top + "/list", "trixie:/os/trixie\n");
  mount_tmpfs("/mnt");
  const std::string mail = "/mnt/site/mail", more = "/mnt/site/more";
  make_directories(mail);
  make_directories(more);
  make_directories(top + "/trees/trixie/mnt/site");
  node.config.share.push_back(mail);
  ASSERT_TRUE(bring_up(node, log)) << joined(log.failures);
  falls_silent(mail);
  if (IsSkipped()) return;
  write_text(more + "/file", "more\n");
  node.config.share.push_back(more);
  const auto began = Clock::now();
  ASSERT_TRUE(reload(node, log)) << joined(log.failures);
  EXPECT_LT(Clock::now() - began, seconds(20));
  EXPECT_EQ(read_text(farm("/os/trixie") + more + "/file"), "more\n");
  EXPECT_TRUE(mounted(farm("/os/trixie") + mail));
}

TEST_F(SilentServer, HoldsASharedDirectoryAtBoot) {
  write_text(top + "/list", "trixie:/os/trixie\n");
  mount_tmpfs("/mnt");
  const std::string mail = "/mnt/site/mail";
  make_directories(mail);
  make_directories(top + "/trees/trixie/mnt/site");
  node.config.share.push_back(mail);
  falls_silent(mail);
  if (IsSkipped()) return;
  const auto began = Clock::now();
  ASSERT_TRUE(bring_up(node, log)) << joined(log.failures);
  EXPECT_LT(Clock::now() - began, seconds(20));
  EXPECT_FALSE(mounted(farm("/os/trixie") + mail));
  server.reset();
  ASSERT_EQ(::umount2(mail.c_str(), MNT_DETACH), 0);
  write_text(mail + "/alice", "for alice\n");
  ASSERT_TRUE(reload(node, log)) << joined(log.failures);
  EXPECT_EQ(read_text(farm("/os/trixie") + mail + "/alice"), "for alice\n");
}

}  // namespace
}  // namespace chos::test
