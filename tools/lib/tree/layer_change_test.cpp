// SPDX-License-Identifier: BSD-3-Clause
// Layers after changes of the configuration, of the trees and of the mounts in them, and after an upgrade
// from an older version.
#include <sys/utsname.h>

#include <atomic>
#include <thread>

#include "basic/elf.h"
#include "layer_fixture.h"
#include "silent_fuse.h"

namespace chos::test {
namespace {

class LayerChanges : public LayerNode {};

TEST_F(LayerChanges, ReloadFollowsTheConfiguration) {
  node.config.base_commands = {"env"};
  up();
  node.config.base_commands = {"true"};
  node.config.share = {"/mnt/site/file"};
  reloaded();
  EXPECT_EQ(link("env"), "");
  EXPECT_EQ(link("true"), base_link_target());
  EXPECT_FALSE(exists(in_os("/mnt/site/spool")));
  EXPECT_EQ(read_text(in_os("/mnt/site/file")), "the base's\n");
  EXPECT_NE(joined(log.changed).find("layers: 4, 4 changed"), std::string::npos) << joined(log.changed);
  reloaded();
  EXPECT_EQ(joined(log.changed), "");
  node.config.base_commands.clear();
  node.config.share.clear();
  reloaded();
  EXPECT_FALSE(mounted(in_os(link_place)));
  EXPECT_FALSE(mounted(in_os("/mnt/site")));
  EXPECT_EQ(read_text(in_os("/mnt/site/own")), "the tree's\n");
  reloaded();
  EXPECT_EQ(joined(log.changed), "");
}

TEST_F(LayerChanges, AFailureIsUndone) {
  node.config.base_commands = {"env"};
  up();
  const auto before = all_mounts();
  const auto as_before = [&] {
    EXPECT_EQ(all_mounts(), before);
    EXPECT_EQ(link("env"), base_link_target());
    EXPECT_EQ(link("true"), "");
    EXPECT_EQ(read_text(in_os("/mnt/site/spool/job")), "a job\n");
    EXPECT_EQ(read_text(in_os("/mnt/site/file", "sl6")), "the base's\n");
  };
  node.config.base_commands = {"true"};
  write_text("/mnt/site/more", "more\n");
  node.config.share.push_back("/mnt/site/more");
  fail_to_reload();
  as_before();
  node.config.base_commands.clear();
  node.config.share.clear();
  fail_to_reload();
  as_before();
}

TEST_F(LayerChanges, AFailedUpLeavesNothing) {
  const auto before = all_mounts();
  ASSERT_EQ(::unlink((top + "/kernel/valid").c_str()), 0);
  EXPECT_FALSE(bring_up(node, log));
  EXPECT_EQ(all_mounts(), before);
}

TEST_F(LayerChanges, ADirectoryIsNeverSeenWithoutItsShares) {
  struct utsname system {};
  ::uname(&system);
  const auto kernel = parse_kernel_version(system.release);
  if (!kernel || *kernel < KernelVersion{6, 5, 0})
    GTEST_SKIP() << "before Linux 6.5 a mount cannot be put beneath another";
  up();
  std::atomic<bool> stop = false;
  std::atomic<int> looks = 0, misses = 0, cut_off = 0;
  const auto sees = [&](const char* os) {
    return read_text(in_os("/mnt/site/file", os)) == "the base's\n" &&
           exists(in_os("/mnt/site/spool/job", os));
  };
  // A path walk that has entered the old mount fails when that is unmounted: the mounts in it are gone and
  // its `..` leads nowhere.  Keeping the old mount elsewhere for a while would keep only the mounts.  Such a
  // walk began within microseconds of the exchange; the next one enters the new mount.
  std::thread reader([&] {
    while (!stop) {
      ++looks;
      for (const char* os : {"trixie", "sl6"})
        if (!sees(os)) ++(sees(os) ? cut_off : misses);
    }
  });
  constexpr int changes = 20;
  for (int i = 0; i < changes; ++i) {
    const std::string more = "/mnt/site/more" + std::to_string(i);
    write_text(more, "x\n");
    node.config.share.push_back(more);
    log = Recorder();
    EXPECT_TRUE(reload(node, log)) << joined(log.failures);
    EXPECT_EQ(read_text(in_os(more)), "x\n");
    for (const int seen = looks; looks < seen + 2;) std::this_thread::yield();
  }
  stop = true;
  reader.join();
  EXPECT_EQ(misses, 0) << "of " << looks;
  EXPECT_LE(cut_off, 2 * changes) << "one at each exchange, at most; of " << looks;
}

TEST_F(LayerChanges, ReloadSeesWhatChangedInTheTree) {
  up();
  const std::string place = tree("trixie") + "/mnt/site";
  EXPECT_FALSE(exists(in_os("/mnt/site/later")));  // which is remembered
  EXPECT_EQ(read_text(in_os("/mnt/site/own")), "the tree's\n");
  write_text(place + "/later", "later\n");
  write_text(place + "/new", "replaced\n");
  ASSERT_EQ(::rename((place + "/new").c_str(), (place + "/own").c_str()), 0);
  const auto before = all_mounts();
  reloaded();
  EXPECT_EQ(all_mounts(), before);
  EXPECT_EQ(joined(log.changed), "");
  EXPECT_EQ(read_text(in_os("/mnt/site/later")), "later\n");
  EXPECT_EQ(read_text(in_os("/mnt/site/own")), "replaced\n");
  EXPECT_EQ(read_text(in_os("/mnt/site/spool/job")), "a job\n");

  // The directory is replaced.  (While something is mounted on it, it cannot be renamed.)
  const std::string elsewhere = "unshare -m sh -c 'umount -l " + farm("") + " && mv " + place + " " + place +
                                ".old && mkdir " + place + "'";
  ASSERT_EQ(std::system(elsewhere.c_str()), 0);
  write_text(place + "/own", "another\n");
  reloaded();
  EXPECT_EQ(read_text(in_os("/mnt/site/own")), "another\n");
  EXPECT_EQ(read_text(in_os("/mnt/site/spool/job")), "a job\n");
  // It was empty, and is not any more.
  write_text(tree("sl6") + "/mnt/site/own", "not empty\n");
  reloaded();
  EXPECT_EQ(read_text(in_os("/mnt/site/own", "sl6")), "not empty\n");
  EXPECT_EQ(read_text(in_os("/mnt/site/file", "sl6")), "the base's\n");
  // The tree now has what was added.
  write_text(place + "/file", "the tree's\n");
  make_directories(place + "/spool");
  reloaded();
  EXPECT_FALSE(mounted(in_os("/mnt/site")));
  EXPECT_EQ(read_text(in_os("/mnt/site/file")), "the base's\n");
  EXPECT_EQ(read_text(in_os("/mnt/site/spool/job")), "a job\n");
  reloaded();
  EXPECT_EQ(joined(log.changed), "");
}

TEST_F(LayerChanges, MountsInATreeStay) {
  const std::string place = tree("trixie") + "/mnt/site/disk";
  make_directories(place);
  mount_tmpfs(place);
  write_text(place + "/data", "one\n");
  up();
  EXPECT_EQ(read_text(in_os("/mnt/site/disk/data")), "one\n");
  EXPECT_EQ(read_text(in_os("/mnt/site/spool/job")), "a job\n");
  write_text("/mnt/site/more", "x\n");
  node.config.share.push_back("/mnt/site/more");
  reloaded();
  EXPECT_EQ(read_text(in_os("/mnt/site/disk/data")), "one\n");
  EXPECT_EQ(flags_at(in_os("/mnt/site/disk")), mount_nosuid | mount_nodev);
  // So do mounts that the base makes below it later.
  make_directories(place + "/deeper");
  mount_tmpfs(place + "/deeper");
  write_text(place + "/deeper/data", "two\n");
  EXPECT_EQ(read_text(in_os("/mnt/site/disk/deeper/data")), "two\n");
  EXPECT_FALSE(mounted(node.layers + "/stage"));
}

// FUSE tells root nothing about it, not even its type.
TEST_F(LayerChanges, AUsersMountInATreeStays) {
  const std::string place = tree("trixie") + "/mnt/site/user";
  make_directories(place);
  const UniqueFd server = mount_silent_fuse(place, 1000);
  if (!server) GTEST_SKIP() << "no /dev/fuse here";
  up();
  EXPECT_EQ(joined(log.warnings), "");
  EXPECT_EQ(read_text(in_os("/mnt/site/spool/job")), "a job\n");
  EXPECT_TRUE(mounted(in_os("/mnt/site/user")));
}

TEST_F(LayerChanges, AnInnerLayerStaysOnAnOuterOne) {
  make_directories(tree("trixie") + "/mnt/site/inner");
  write_text(tree("trixie") + "/mnt/site/inner/own", "inner\n");
  make_directories("/mnt/site/inner/deep");
  write_text("/mnt/site/inner/deep/file", "deep\n");
  node.config.share = {"/mnt/site/inner/deep"};
  up();
  EXPECT_EQ(read_text(in_os("/mnt/site/inner/deep/file")), "deep\n");
  node.config.share.push_back("/mnt/site/file");
  reloaded();
  EXPECT_EQ(read_text(in_os("/mnt/site/file")), "the base's\n");
  EXPECT_EQ(read_text(in_os("/mnt/site/inner/deep/file")), "deep\n");
  EXPECT_EQ(read_text(in_os("/mnt/site/inner/own")), "inner\n");
  EXPECT_NE(joined(log.changed).find("layers: 3, 2 changed"), std::string::npos) << joined(log.changed);
  const auto before = all_mounts();
  reloaded();
  EXPECT_EQ(joined(log.changed), "");
  EXPECT_EQ(all_mounts(), before);
}

TEST_F(LayerChanges, LinksOfAnOlderVersionAreRemovedFromTheTree) {
  node.config.chos_link = true;
  node.config.base_commands = {"env"};
  const std::string place = tree("trixie") + link_place;
  const std::string base = base_link_target(), chos = base.substr(0, base.rfind('/')) + "/chos";
  for (const char* name : {"env", "gone", "chos-base"})
    ASSERT_EQ(::symlink(base.c_str(), (place + "/" + name).c_str()), 0);
  ASSERT_EQ(::symlink(chos.c_str(), (place + "/chos").c_str()), 0);
  ASSERT_EQ(::symlink("/local/usr/bin/other", (place + "/other").c_str()), 0);
  const std::string before = image_of("trixie");
  ASSERT_EQ(::unlink((top + "/kernel/valid").c_str()), 0);
  EXPECT_FALSE(bring_up(node, log));
  write_text(top + "/kernel/valid", "");
  EXPECT_TRUE(exists(place + "/env"));
  EXPECT_TRUE(exists(place + "/gone"));
  read_only("trixie", true);
  up();
  EXPECT_EQ(link("gone"), base_link_target()) << "nothing can be taken away there";
  read_only("trixie", false);
  reloaded();
  const std::string said = "links: 4 that an older version had made in the tree of 'trixie'";
  EXPECT_NE(joined(log.changed).find(said), std::string::npos) << joined(log.changed);
  for (const char* name : {"env", "gone", "chos-base", "chos"}) EXPECT_FALSE(exists(place + "/" + name));
  EXPECT_TRUE(exists(place + "/other"));
  EXPECT_EQ(link("env"), base_link_target());
  EXPECT_EQ(link("chos"), chos);
  EXPECT_EQ(link("chos-base"), base_link_target());
  EXPECT_EQ(link("other"), "/local/usr/bin/other");
  EXPECT_EQ(link("gone"), "");
  reloaded();
  EXPECT_EQ(joined(log.changed), "");
}

}  // namespace
}  // namespace chos::test
