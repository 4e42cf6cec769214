// SPDX-License-Identifier: BSD-3-Clause
// What is wrong with one tree closes its OS, and costs no other OS anything.
#include <fcntl.h>

#include <filesystem>
#include <functional>

#include "config/config.h"
#include "layer_fixture.h"
#include "lifecycle/down.h"
#include "report/doctor.h"
#include "report/status.h"

namespace chos::test {
namespace {

// Acts once, before the first warning is recorded.
class ActAtWarning : public Recorder {
 public:
  explicit ActAtWarning(std::function<void()> act) : act_(std::move(act)) {}
  void warning(const std::string& text) override {
    if (auto act = std::exchange(act_, nullptr)) act();
    Recorder::warning(text);
  }

 private:
  std::function<void()> act_;
};

class OneTree : public LayerNode {
 protected:
  std::string valid() const { return read_text(top + "/kernel/valid"); }
  // The file that stands in for the kernel's is not truncated by a write.
  void empty_valid() { set_kernel_file("valid", ""); }

  void trixie_is_closed(const std::string& why) {
    EXPECT_EQ(valid(), "trixie:/os/trixie:closed\nsl6:/os/sl6:suid\n");
    const std::string said = joined(log.warnings);
    EXPECT_NE(said.find("the tree of 'trixie' cannot be prepared: "), std::string::npos) << said;
    EXPECT_NE(said.find("1 OS is closed because its tree cannot be prepared: trixie"), std::string::npos)
        << said;
    const auto problem = read_problems(node.problems)["trixie"];
    EXPECT_NE(problem.find(why), std::string::npos) << problem;
  }
  void all_are_open() {
    EXPECT_EQ(valid(), "trixie:/os/trixie\nsl6:/os/sl6:suid\n");
    EXPECT_TRUE(read_problems(node.problems).empty());
    EXPECT_FALSE(exists(node.problems));
  }
  void sl6_is_complete() {
    EXPECT_EQ(read_text(in_os("/mnt/site/spool/job", "sl6")), "a job\n");
    EXPECT_EQ(read_text(in_os("/mnt/site/file", "sl6")), "the base's\n");
    EXPECT_EQ(flags_at(in_os("", "sl6")), unsigned{mount_nodev});
  }
};

TEST_F(OneTree, WithALargeNsswitch) {
  const std::string file = tree("trixie") + "/etc/nsswitch.conf";
  write_text(node.nsswitch, "passwd: files sss\n");
  write_text(file, std::string(70000, '#'));
  up();
  trixie_is_closed("/etc/nsswitch.conf");
  sl6_is_complete();
  EXPECT_EQ(read_text(in_os("/etc/nsswitch.conf", "sl6")), "passwd: files\n");
  // Nothing changes until the tree is mended.
  const auto mounts = all_mounts();
  empty_valid();
  reloaded();
  trixie_is_closed("/etc/nsswitch.conf");
  EXPECT_EQ(all_mounts(), mounts);
  write_text(file, "passwd: files nis\n");
  empty_valid();
  reloaded();
  all_are_open();
  EXPECT_EQ(read_text(in_os("/etc/nsswitch.conf")), "passwd: files\n");
}

TEST_F(OneTree, IsReported) {
  write_text(node.nsswitch, "passwd: files sss\n");
  write_text(tree("trixie") + "/etc/nsswitch.conf", std::string(70000, '#'));
  up();
  const auto status = examine_node(node);
  ASSERT_EQ(status.oses.size(), 2U);
  EXPECT_EQ(describe_state(status.oses[0].entry, status.oses[0].tree), "tree unusable");
  EXPECT_TRUE(status.oses[0].in_kernel) << "it is closed there";
  EXPECT_EQ(describe_state(status.oses[1].entry, status.oses[1].tree), "open, suid");
  EXPECT_NE(joined(status.problems).find("'trixie' is closed: its tree cannot be prepared: "),
            std::string::npos)
      << joined(status.problems);
  std::string found;
  for (const auto& finding : examine(node, ParsedConfig(), [](const std::string&) {}))
    found += finding.subject + ": " + finding.what + "\n";
  EXPECT_NE(found.find("tree trixie: the OS is closed, its tree cannot be prepared: "), std::string::npos)
      << found;
  EXPECT_EQ(found.find("is not that of"), std::string::npos) << found;
  EXPECT_EQ(take_down(node, {}, log).what, DownOutcome::What::down);
  EXPECT_FALSE(exists(node.problems));
}

TEST_F(OneTree, WhoseDirectoryCannotBeRead) {
  const std::string site = tree("trixie") + "/mnt/site";
  up();
  all_are_open();
  empty_valid();
  {
    const UniqueFd server(::open("/dev/fuse", O_RDWR | O_CLOEXEC));
    if (!server) GTEST_SKIP() << "no /dev/fuse here";
    const std::string options = "fd=" + std::to_string(server.get()) + ",rootmode=40000,user_id=0,group_id=0";
    ASSERT_EQ(::mount("server", (tree("trixie") + "/mnt").c_str(), "fuse.far", 0, options.c_str()), 0);
  }
  // The server has ended: each access gives ENOTCONN.
  reloaded();
  trixie_is_closed("cannot share /mnt/site/");
  sl6_is_complete();
  ASSERT_EQ(::umount2((tree("trixie") + "/mnt").c_str(), MNT_DETACH), 0);
  empty_valid();
  reloaded();
  all_are_open();
  EXPECT_EQ(read_text(in_os("/mnt/site/spool/job")), "a job\n");
}

TEST_F(OneTree, WhoseLayerCannotBeRemoved) {
  node.config.base_commands = {"env"};
  up();
  // It can be neither copied nor, therefore, removed so that this could be undone.
  ASSERT_EQ(::mount(nullptr, in_os(link_place).c_str(), nullptr, MS_UNBINDABLE, nullptr), 0);
  node.config.base_commands.clear();
  empty_valid();
  reloaded();
  trixie_is_closed("cannot copy the mount");
  EXPECT_EQ(link("env"), base_link_target()) << "for the processes that are in it";
  EXPECT_EQ(link("env", "sl6"), "");
  sl6_is_complete();
  ASSERT_EQ(::mount(nullptr, in_os(link_place).c_str(), nullptr, MS_PRIVATE, nullptr), 0);
  empty_valid();
  reloaded();
  all_are_open();
  EXPECT_EQ(link("env"), "");
}

TEST_F(OneTree, WhoseCoverCannotBeRemoved) {
  for (const char* os : {"trixie", "sl6"}) {
    make_directories(tree(os) + "/usr/bin");
    write_text(tree(os) + "/usr/bin/env", "its own\n", 0755);
  }
  node.config.os_commands = {{"trixie", {"env"}}, {"sl6", {"env"}}};
  up();
  const UniqueFd cover(::open(in_os("/usr/bin/env").c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  ASSERT_EQ(::mount(nullptr, by_fd(cover.get()).c_str(), nullptr, MS_UNBINDABLE, nullptr), 0);
  node.config.os_commands.clear();
  empty_valid();
  reloaded();
  trixie_is_closed("cannot copy the mount");
  EXPECT_EQ(read_text(in_os("/usr/bin/env", "sl6")), "its own\n");
  sl6_is_complete();
}

TEST_F(OneTree, ThatGoesAfterItWasFound) {
  write_text(top + "/list", "late:/os/late\nsl6:/os/sl6:suid\ntrixie:/os/trixie\n");
  ActAtWarning acting([this] {  // at the warning that 'late' is missing
    ASSERT_EQ(::rename(tree("trixie").c_str(), (top + "/trees/.gone").c_str()), 0);
    ASSERT_EQ(::symlink("trixie", tree("trixie").c_str()), 0);
  });
  ASSERT_TRUE(bring_up(node, acting)) << joined(acting.failures);
  EXPECT_EQ(valid(), "late:/os/late:closed\nsl6:/os/sl6:suid\ntrixie:/os/trixie:closed\n");
  sl6_is_complete();
}

// What an earlier step did for the tree in this run stays; what the failing step did is undone.
TEST_F(OneTree, KeepsWhatItShowed) {
  up();
  const auto before = all_mounts();
  write_text("/mnt/site/also", "also\n");
  node.config.share.push_back("/mnt/site/also");
  write_text(node.nsswitch, "passwd: files sss\n");
  write_text(tree("trixie") + "/etc/nsswitch.conf", std::string(70000, '#'));
  empty_valid();
  reloaded();
  trixie_is_closed("nsswitch");
  EXPECT_EQ(read_text(in_os("/mnt/site/file")), "the base's\n");
  EXPECT_EQ(read_text(in_os("/mnt/site/also")), "also\n");
  EXPECT_FALSE(mounted(in_os("/etc/nsswitch.conf")));
}

TEST_F(OneTree, ClosesAllItsNames) {
  write_text(top + "/list", "trixie:/os/trixie\nsl6:/os/sl6:suid\nagain:/os/trixie\n");
  write_text(node.nsswitch, "passwd: files sss\n");
  write_text(tree("trixie") + "/etc/nsswitch.conf", std::string(70000, '#'));
  up();
  EXPECT_EQ(valid(), "trixie:/os/trixie:closed\nsl6:/os/sl6:suid\nagain:/os/trixie:closed\n");
}

// A directory above the tree belongs to a user, who could put another tree there.
TEST_F(OneTree, InADirectoryOfAUser) {
  make_directories(top + "/trees/site");
  ASSERT_EQ(::rename(tree("trixie").c_str(), (top + "/trees/site/trixie").c_str()), 0);
  write_text(top + "/list", "trixie:/os/site/trixie\nsl6:/os/sl6:suid\n");
  ASSERT_EQ(::chown((top + "/trees/site").c_str(), 1000, 1000), 0);
  up();
  EXPECT_EQ(valid(), "trixie:/os/site/trixie:closed\nsl6:/os/sl6:suid\n");
  EXPECT_NE(joined(log.warnings).find("the user 1000 may write in '" + top + "/trees/site'"),
            std::string::npos)
      << joined(log.warnings);
  sl6_is_complete();
  ASSERT_EQ(::chown((top + "/trees/site").c_str(), 0, 0), 0);
  empty_valid();
  reloaded();
  EXPECT_EQ(valid(), "trixie:/os/site/trixie\nsl6:/os/sl6:suid\n");
}

// A link of root's leads through a directory of a user.
TEST_F(OneTree, BehindALinkThroughADirectoryOfAUser) {
  make_directories(top + "/trees/user");
  ASSERT_EQ(::rename(tree("trixie").c_str(), (top + "/trees/user/trixie").c_str()), 0);
  ASSERT_EQ(::symlink("user/trixie", tree("trixie").c_str()), 0);
  up();
  all_are_open();
  ASSERT_EQ(::chmod((top + "/trees/user").c_str(), 01777), 0);
  empty_valid();
  reloaded();
  trixie_is_closed("everybody may write in");
}

TEST_F(OneTree, FaultsOfTheNodeStayThose) {
  node.config.share.clear();
  for (const char* os : {"trixie", "sl6"}) write_text(tree(os) + "/mnt/site/also", "its own\n");
  up();
  const auto before = valid();
  // The links to shared files cannot be made.
  std::filesystem::remove_all(node.links);
  write_text(node.links, "");
  write_text("/mnt/site/also", "also\n");
  node.config.share.push_back("/mnt/site/also");
  log = Recorder();
  EXPECT_FALSE(reload(node, log));
  EXPECT_EQ(valid(), before);
  EXPECT_FALSE(exists(node.problems));
}

}  // namespace
}  // namespace chos::test
