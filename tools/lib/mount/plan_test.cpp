// SPDX-License-Identifier: BSD-3-Clause
// Mount tables of made-up nodes, and the plans for them.
#include "mount/plan.h"

#include <gtest/gtest.h>

namespace chos {
namespace {

// A Debian node after boot: systemd makes all mounts shared.
constexpr const char* plain = R"(22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
23 22 0:20 / /proc rw,nosuid,nodev,noexec,relatime shared:12 - proc proc rw
24 22 0:21 / /sys rw,nosuid,nodev,noexec,relatime shared:2 - sysfs sysfs rw
25 22 0:5 / /dev rw,nosuid,relatime shared:8 - devtmpfs udev rw
26 25 0:22 / /dev/pts rw,nosuid,noexec,relatime shared:9 - devpts devpts rw
27 22 0:23 / /run rw,nosuid,nodev,noexec,relatime shared:11 - tmpfs tmpfs rw
28 22 8:2 / /home rw,nodev,relatime shared:30 - ext4 /dev/vda2 rw
29 23 0:60 / /proc/chos rw,nosuid,nodev,noexec,relatime shared:40 - chosfs chosfs rw
)";

// The same with the farm and three binds.
constexpr const char* farm =
    R"(50 22 0:60 /farm /chos rw,nosuid,nodev,noexec unbindable - chosfs chosfs rw
51 50 8:2 / /chos/home rw,nodev,relatime master:30 - ext4 /dev/vda2 rw
52 50 8:1 / /chos/local rw,nosuid,relatime master:1 - ext4 /dev/vda1 rw
53 52 8:2 / /chos/local/home rw,nodev,relatime master:30 - ext4 /dev/vda2 rw
54 50 8:1 /var/lib/chos/os /chos/os rw,relatime master:1 - ext4 /dev/vda1 rw
)";

MountTable table(const std::string& text) {
  auto parsed = MountTable::parse(text);
  EXPECT_TRUE(parsed) << parsed.error().what;
  return parsed ? *parsed : MountTable();
}

// The kernel writes the table in parts, and gives numbers of mounts that are gone to new ones meanwhile.
TEST(MountTable, ACircleOfParentsHasAnEnd) {
  const auto t = table(
      "22 23 0:1 / /a rw - tmpfs x rw\n"
      "23 22 0:2 / /a rw - tmpfs x rw\n"
      "24 23 0:3 / /b rw - tmpfs x rw\n");
  EXPECT_EQ(t.at("/a"), nullptr);
  EXPECT_EQ(t.at("/b"), nullptr);
  const auto stacked = table(
      "21 1 0:1 / / rw - tmpfs x rw\n"
      "22 21 0:1 / /a rw - tmpfs x rw\n"
      "23 22 0:2 / /a rw - tmpfs x rw\n"
      "22 23 0:3 / /a rw - tmpfs x rw\n");
  EXPECT_NE(stacked.at("/a"), nullptr);
}

TEST(MountTable, NothingHoldsAPathThatIsNotAbsolute) {
  for (const char* path : {"", "x", "x/y"}) EXPECT_EQ(table(plain).holding(path), nullptr) << path;
}

TEST(MountTable, ReadsWhatTheKernelWrites) {
  const auto t = table(std::string(plain) + farm +
                       "60 22 0:61 / /mnt/a\\040b ro,nosuid,nosymfollow,noatime shared:5 master:6 "
                       "propagate_from:7 - tmpfs none rw,size=1k\n");
  ASSERT_EQ(t.mounts().size(), 14u);
  const Mount* mount = t.at("/mnt/a b");
  ASSERT_NE(mount, nullptr);
  EXPECT_EQ(mount->flags, mount_ro | mount_nosuid | mount_nosymfollow);
  EXPECT_TRUE(mount->shared);
  EXPECT_TRUE(mount->slave);
  EXPECT_EQ(mount->type, "tmpfs");
  EXPECT_EQ(mount->device, "0:61");
  EXPECT_TRUE(t.at("/chos")->unbindable);
  EXPECT_EQ(t.at("/chos")->root, "/farm");
  EXPECT_FALSE(t.at("/chos/home")->shared);
  EXPECT_TRUE(t.at("/chos/home")->slave);
  EXPECT_EQ(t.at("/nope"), nullptr);
  EXPECT_EQ(t.holding("/home/u/x")->id, 28);
  EXPECT_EQ(t.holding("/homes")->id, 22);
  EXPECT_EQ(t.holding("/")->id, 22);
  EXPECT_EQ(flag_names(mount->flags), "ro,nosuid,nosymfollow");
}

TEST(MountTable, ReadsTheTableOfThisProcess) {
  const auto own = MountTable::read();
  ASSERT_TRUE(own);
  EXPECT_NE(own->at("/"), nullptr);
  EXPECT_FALSE(MountTable::read("/nonexistent"));
}

TEST(MountTable, GarbageIsAnError) {
  EXPECT_FALSE(MountTable::parse("this is no table\n"));
  EXPECT_TRUE(MountTable::parse("")->mounts().empty());
}

TEST(MountTable, StackedAndHiddenMounts) {
  const auto t = table(std::string(plain) +
                       "30 28 0:70 / /home/nfs rw shared:31 - tmpfs a rw\n"
                       // Covers /home and hides the mounts below it.
                       "31 28 0:71 / /home rw shared:32 - tmpfs b rw\n"
                       "32 31 0:72 / /home/new rw shared:33 - tmpfs c rw\n"
                       "33 31 0:73 / /home rw shared:34 - tmpfs d rw\n");
  EXPECT_EQ(t.at("/home")->id, 33);
  EXPECT_EQ(t.at("/home/nfs"), nullptr);
  EXPECT_EQ(t.at("/home/new"), nullptr);
  EXPECT_EQ(t.holding("/home/nfs/x")->id, 33);
  const auto below = t.below("/home");
  ASSERT_EQ(below.size(), 1u);
  EXPECT_EQ(below.front()->id, 33);
}

TEST(MountTable, SameDirectory) {
  const auto t = table(std::string(plain) + farm);
  EXPECT_TRUE(t.same_directory("/home", "/chos/home"));
  EXPECT_TRUE(t.same_directory("/", "/chos/local"));
  EXPECT_TRUE(t.same_directory("/var/lib/chos/os", "/chos/os"));
  EXPECT_TRUE(t.same_directory("/proc/chos/farm", "/chos"));
  EXPECT_FALSE(t.same_directory("/", "/chos/os"));
  EXPECT_FALSE(t.same_directory("/srv", "/chos/home"));
  EXPECT_TRUE(t.same_directory("/home/u", "/chos/local/home/u"));
}

TEST(PlanBinds, OnlyWhatIsMissing) {
  const std::vector<BindWish> wishes{
      {"/home", "/chos/home"}, {"/dev", "/chos/dev"}, {"/", "/chos/local"}, {"/srv/trees", "/chos/os"}};
  const auto actions = plan_binds(table(std::string(plain) + farm), wishes);
  ASSERT_EQ(actions.size(), 2u);
  EXPECT_EQ(actions[0].kind, BindAction::Kind::bind);
  EXPECT_EQ(actions[0].wish.target, "/chos/dev");
  // /chos/os shows /var/lib/chos/os.
  EXPECT_EQ(actions[1].kind, BindAction::Kind::rebind);
  EXPECT_EQ(actions[1].wish.source, "/srv/trees");
  EXPECT_EQ(plan_binds(table(plain), wishes).size(), 4u);
}

TEST(PlanBinds, AfterTheBaseMountedOverTheSource) {
  // With propagation the farm has it too, on top of the first bind.
  const std::string later = "70 28 0:80 / /home rw shared:50 - nfs srv:/home rw\n";
  const std::string propagated = "71 51 0:80 / /chos/home rw master:50 - nfs srv:/home rw\n";
  EXPECT_TRUE(
      plan_binds(table(std::string(plain) + farm + later + propagated), {{"/home", "/chos/home"}}).empty());
  const auto actions = plan_binds(table(std::string(plain) + farm + later), {{"/home", "/chos/home"}});
  ASSERT_EQ(actions.size(), 1u);
  EXPECT_EQ(actions[0].kind, BindAction::Kind::rebind);
}

TEST(PlanFlags, TheLongestRuleCounts) {
  const auto t = table(std::string(plain) + farm +
                       "55 54 8:1 /var/lib/chos/os/sl6 /chos/os/sl6 rw,nosuid "
                       "master:1 - ext4 d rw\n"
                       "56 54 0:90 / /chos/os/sq rw,relatime master:60 - squashfs d ro\n");
  const auto actions = plan_flags(t, {{"/chos/local", mount_nosuid, 0},
                                      {"/chos/os", mount_nosuid | mount_nodev, 0},
                                      {"/chos/os/sl6", mount_nodev, mount_nosuid}});
  ASSERT_EQ(actions.size(), 4u);
  EXPECT_EQ(actions[0].target, "/chos/local/home");
  EXPECT_EQ(actions[0].after, mount_nosuid | mount_nodev);  // what it had is kept
  EXPECT_EQ(actions[1].target, "/chos/os");
  EXPECT_EQ(actions[1].after, mount_nosuid | mount_nodev);
  EXPECT_EQ(actions[2].target, "/chos/os/sl6");
  EXPECT_EQ(actions[2].before, unsigned{mount_nosuid});
  EXPECT_EQ(actions[2].after, unsigned{mount_nodev});
  EXPECT_EQ(actions[3].target, "/chos/os/sq");
}

TEST(PlanFlags, NosuidIsClearedOnMountsOfTheTree) {
  const std::string base =
      "55 22 8:2 / /trees/sl6/usr rw shared:5 - ext4 d rw\n"
      "56 22 8:3 / /trees/sl6/opt rw,nosuid shared:6 - ext4 d rw\n"
      "57 22 8:4 / /trees/sl6/mail rw shared:7 - ext4 d rw\n";
  const std::string in_farm =
      "60 54 8:1 /trees/sl6 /chos/os/sl6 rw,nosuid master:1 - ext4 d rw\n"
      "61 60 8:2 / /chos/os/sl6/usr rw,nosuid master:5 - ext4 d rw\n"
      "62 60 8:3 / /chos/os/sl6/opt rw,nosuid master:6 - ext4 d rw\n"
      "63 60 8:9 /mail /chos/os/sl6/mail rw,nosuid master:9 - ext4 d rw\n"
      "64 60 8:9 / /chos/os/sl6/spool rw,nosuid master:9 - ext4 d rw\n"
      "65 60 0:99 / /chos/os/sl6/etc ro,nosuid - overlay /layers/1@8:1:2 ro\n"
      "66 62 0:98 / /chos/os/sl6/opt/x ro,nosuid - overlay /layers/2@8:3:2 ro\n"
      "67 60 0:97 / /chos/os/sl6/var ro,nosuid - overlay /other/2@8:3:2 ro\n";
  const auto t = table(std::string(plain) + base + in_farm);
  const auto actions = plan_flags(t, {{"/chos/os/sl6", 0, mount_nosuid, "/trees/sl6", "/layers"}});
  std::vector<std::string> targets;
  for (const auto& action : actions) targets.push_back(action.target);
  EXPECT_EQ(targets, (std::vector<std::string>{"/chos/os/sl6", "/chos/os/sl6/usr", "/chos/os/sl6/etc"}));
}

TEST(PlanFlags, RulesMatchWholeNames) {
  const auto t = table(std::string(plain) + "57 22 0:91 / /chosen rw shared:9 - tmpfs d rw\n");
  EXPECT_TRUE(plan_flags(t, {{"/chos", mount_nosuid, 0}}).empty());
}

TEST(Propagation, PrivateSourcesAreNamed) {
  const auto t = table(std::string(plain) + "58 22 0:92 / /data rw - tmpfs d rw\n");
  EXPECT_EQ(
      without_propagation(t, {{"/home", "/chos/home"}, {"/data/x", "/chos/data"}, {"/data/y", "/chos/y"}}),
      (std::vector<std::string>{"/data"}));
}

}  // namespace
}  // namespace chos
