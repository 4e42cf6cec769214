// SPDX-License-Identifier: BSD-3-Clause
// The base's nsswitch.conf in the OSs.
#include <sys/stat.h>

#include "layer_fixture.h"
#include "lifecycle/down.h"

namespace chos::test {
namespace {

class NsswitchMounts : public LayerNode {
 protected:
  void SetUp() override {
    LayerNode::SetUp();
    if (IsSkipped()) return;
    node.config.share.clear();
    write_text(node.nsswitch, "passwd: files sss\nhosts: files resolve [!UNAVAIL=return] dns\n");
    make_directories(tree("sl6") + "/usr/lib64");
    write_text(tree("sl6") + "/usr/lib64/libnss_sss.so.2", "");
    write_text(tree("trixie") + place_, "passwd: files nis\n");
  }
  std::string seen(const std::string& os) const { return read_text(in_os(place_, os)); }

  const std::string place_ = "/etc/nsswitch.conf";
  const std::string of_trixie = "passwd: files\nhosts: files dns\n";
  const std::string of_sl6 = "passwd: files sss\nhosts: files dns\n";
};

TEST_F(NsswitchMounts, ShowsServicesThatTheTreeHasModulesFor) {
  const std::string before = image_of("trixie");
  up();
  EXPECT_EQ(seen("trixie"), of_trixie);
  EXPECT_EQ(seen("sl6"), of_sl6) << "it had none";
  EXPECT_EQ(flags_at(in_os(place_)), mount_ro | mount_nosuid | mount_nodev);
  EXPECT_EQ(image_of("trixie"), before);
  const auto mounts = all_mounts();
  reloaded();
  EXPECT_EQ(joined(log.changed), "");
  EXPECT_EQ(all_mounts(), mounts);
}

TEST_F(NsswitchMounts, ReloadFollowsChanges) {
  up();
  write_text(node.nsswitch, "passwd: files systemd\n");
  const auto mounts = all_mounts();
  fail_to_reload();
  EXPECT_EQ(all_mounts(), mounts);
  EXPECT_EQ(seen("trixie"), of_trixie);
  reloaded();
  EXPECT_EQ(seen("trixie"), "passwd: files\n");
  EXPECT_EQ(seen("sl6"), "passwd: files\n");
  // The tree gets a module.
  make_directories(tree("trixie") + "/usr/lib/x86_64-linux-gnu");
  write_text(tree("trixie") + "/usr/lib/x86_64-linux-gnu/libnss_systemd.so.2", "");
  reloaded();
  EXPECT_EQ(seen("trixie"), "passwd: files systemd\n");
  node.config.nsswitch = false;
  fail_to_reload();
  EXPECT_EQ(seen("trixie"), "passwd: files systemd\n");
  reloaded();
  EXPECT_EQ(seen("trixie"), "passwd: files nis\n");
  EXPECT_FALSE(mounted(in_os(place_)));
  EXPECT_FALSE(exists(in_os(place_, "sl6")));
}

TEST_F(NsswitchMounts, AnEqualFileIsNotCovered) {
  write_text(tree("trixie") + place_, "# its own words\npasswd:\tfiles\nhosts:  files   dns\n");
  up();
  EXPECT_FALSE(mounted(in_os(place_)));
}

// authselect makes a link.  Root's sshd reads what it leads to after the user's OS was entered.
TEST_F(NsswitchMounts, LinksAndPipesAreCovered) {
  write_text(tree("sl6") + "/etc/elsewhere", "passwd: files evil\n");
  ASSERT_EQ(::symlink("elsewhere", (tree("sl6") + place_).c_str()), 0);
  ASSERT_EQ(::unlink((tree("trixie") + place_).c_str()), 0);
  ASSERT_EQ(::mkfifo((tree("trixie") + place_).c_str(), 0666), 0);
  up();
  EXPECT_EQ(seen("trixie"), of_trixie);
  EXPECT_EQ(seen("sl6"), of_sl6);
  const auto mounts = all_mounts();
  reloaded();
  EXPECT_EQ(joined(log.changed), "");
  EXPECT_EQ(all_mounts(), mounts);
  EXPECT_EQ(read_text(tree("sl6") + "/etc/elsewhere"), "passwd: files evil\n");
  EXPECT_EQ(take_down(node, {}, log).what, DownOutcome::What::down) << joined(log.failures);
}

TEST_F(NsswitchMounts, ABaseWithoutOneShowsWhatTheCLibraryFinds) {
  ASSERT_EQ(::unlink(node.nsswitch.c_str()), 0);
  write_text(tree("trixie") + place_, "group: files evil\n");
  up();
  EXPECT_EQ(seen("trixie"), "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n");
}

}  // namespace
}  // namespace chos::test
