// SPDX-License-Identifier: BSD-3-Clause
// The base's nsswitch.conf in the OSs.
#include "layer_fixture.h"

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
  ASSERT_EQ(::symlink("elsewhere", (tree("sl6") + place_).c_str()), 0);
  up();
  EXPECT_FALSE(mounted(in_os(place_)));
  EXPECT_FALSE(mounted(in_os(place_, "sl6"))) << "a link stays as it is";
}

}  // namespace
}  // namespace chos::test
