// SPDX-License-Identifier: BSD-3-Clause
// Missing trees: their OSs are closed, and all others work.
#include "farm/missing_trees.h"

#include "allowlist/allowlist.h"
#include "config/config.h"
#include "fake_node.h"
#include "inspect/finding.h"
#include "lifecycle/up.h"
#include "report/doctor.h"
#include "report/status.h"

namespace chos::test {
namespace {

class MissingTreesTest : public FakeNode {
 protected:
  void up() {
    log = Recorder();
    ASSERT_TRUE(bring_up(node, log)) << joined(log.failures);
  }
  bool warned(const std::string& text) const { return joined(log.warnings).find(text) != std::string::npos; }
  std::string valid() const { return read_text(top + "/kernel/valid"); }
  OsStatus status_of(const std::string& name) const {
    for (const auto& os : examine_node(node).oses)
      if (os.entry.name == name) return os;
    return {};
  }
  std::string described(const std::string& name) const {
    const auto os = status_of(name);
    return describe_state(os.entry, os.tree);
  }
};

TEST_F(MissingTreesTest, TheBaseOsNeedsNoTree) {
  write_text(top + "/list", "trixie:/os/trixie\nhome:/\nbase:/\n");
  EXPECT_TRUE(bring_up(node, log)) << joined(log.failures);
  EXPECT_TRUE(log.warnings.empty()) << joined(log.warnings);
}

TEST_F(MissingTreesTest, OtherOsesWork) {
  write_text(top + "/list", "trixie:/os/trixie\n# on a server\nold:/os/old:groups=7\nsl6:/os/sl6:suid\n");
  up();
  EXPECT_EQ(valid(), "trixie:/os/trixie\nold:/os/old:closed,groups=7\nsl6:/os/sl6:suid\n");
  EXPECT_TRUE(warned("/list:3: the tree of 'old' cannot be found at " + top + "/trees/old"));
  EXPECT_TRUE(warned("1 OS is closed because its tree is missing: old"));
  EXPECT_EQ(read_text(shared_in("trixie")), "root:x:0:0::/root:/bin/sh\n");
  EXPECT_EQ(described("old"), "no tree, group 7");
  EXPECT_TRUE(status_of("old").in_kernel);
  EXPECT_FALSE(status_of("old").tree_present);
  EXPECT_EQ(described("trixie"), "open");
  // A second call changes nothing, and warns again.
  up();
  EXPECT_EQ(joined(log.changed), "");
  EXPECT_TRUE(warned("1 OS is closed"));
}

TEST_F(MissingTreesTest, ReloadOpensAnOsWhoseTreeHasCome) {
  write_text(top + "/list", "trixie:/os/trixie\nnew:/os/new\n");
  up();
  make_tree("new");
  EXPECT_FALSE(status_of("new").in_kernel);
  log = Recorder();
  ASSERT_TRUE(reload(node, log)) << joined(log.failures);
  EXPECT_EQ(joined(log.warnings), "");
  // The file that stands in for the kernel's is not truncated by a write.
  EXPECT_EQ(valid().substr(0, 30), "trixie:/os/trixie\nnew:/os/new\n");
  EXPECT_EQ(read_text(shared_in("new")), "root:x:0:0::/root:/bin/sh\n");
}

TEST_F(MissingTreesTest, ATreeOfAClosedOsMayBeMissing) {
  write_text(top + "/list", "trixie:/os/trixie\nold:/os/old:closed\n");
  up();
  EXPECT_TRUE(warned("/list:2: the tree of 'old'"));
  EXPECT_FALSE(warned("is closed because"));
  EXPECT_EQ(valid(), "trixie:/os/trixie\nold:/os/old:closed\n");
}

// An empty directory is a mount point whose tree is not mounted yet.
TEST_F(MissingTreesTest, AnEmptyDirectoryIsNoTree) {
  make_directories(top + "/trees/late/lost+found");
  write_text(top + "/list", "late:/os/late:suid\ndefault:/os/late\n");
  up();
  EXPECT_TRUE(warned("the directory is empty"));
  EXPECT_EQ(valid(), "late:/os/late:closed,suid\ndefault:/os/late\n");
  EXPECT_FALSE(exists(top + "/trees/late/usr"));  // nothing was made there
  EXPECT_FALSE(exists(top + "/trees/late" + top));
  EXPECT_FALSE(mounted(farm("/os/late")));
}

TEST_F(MissingTreesTest, AFileOrALinkOutOfTheFarmIsNoTree) {
  write_text(top + "/trees/file", "");
  make_directories(top + "/elsewhere/usr");
  ASSERT_EQ(::symlink((top + "/elsewhere").c_str(), (top + "/trees/linked").c_str()), 0);
  write_text(top + "/list", "a:/os/file\nb:/os/linked\ntrixie:/os/trixie\n");
  up();
  EXPECT_TRUE(warned("trees/file is not a directory"));
  EXPECT_TRUE(warned("but cannot be reached in the farm"));
  EXPECT_TRUE(warned("2 OSs are closed because their trees are missing: a and b"));
  EXPECT_EQ(valid(), "a:/os/file:closed\nb:/os/linked:closed\ntrixie:/os/trixie\n");
}

// The shared files are mounted in a tree, which keeps it in the farm when the base unmounts it.
TEST_F(MissingTreesTest, AnUnmountedTreeLeavesTheFarmWhenItIsNotInUse) {
  const std::string place = top + "/trees/disk";
  make_directories(place);
  const auto mount = [&](const char* what) {
    ASSERT_EQ(::mount((top + "/trees/" + what).c_str(), place.c_str(), nullptr, MS_BIND, nullptr), 0);
  };
  mount("sl6");
  write_text(top + "/list", "disk:/os/disk:suid\ntrixie:/os/trixie\n");
  up();
  EXPECT_EQ(read_text(farm("/os/disk/etc/os-release")), "sl6\n");
  ASSERT_EQ(::umount2(place.c_str(), MNT_DETACH), 0);
  set_kernel_file("processes", "1 disk\n");
  up();
  EXPECT_TRUE(warned("1 process in 'disk'"));
  EXPECT_EQ(valid(), "disk:/os/disk:closed,suid\ntrixie:/os/trixie\n");
  EXPECT_EQ(read_text(farm("/os/disk/etc/os-release")), "sl6\n") << "processes in it keep it";
  set_kernel_file("processes", "");
  up();
  EXPECT_FALSE(exists(farm("/os/disk/etc")));
  EXPECT_FALSE(mounted(farm("/os/disk")));
  mount("trixie");
  up();
  EXPECT_EQ(read_text(farm("/os/disk/etc/os-release")), "trixie\n");
  EXPECT_EQ(flags_at(farm("/os/disk")), unsigned{mount_nodev});
}

TEST_F(MissingTreesTest, DoctorComparesWithTheListThatUpLoads) {
  write_text(top + "/list", "trixie:/os/trixie\nold:/os/old\n");
  up();
  const auto complaint = [this] {
    Findings found;
    examine_files(node, ParsedConfig(), found);
    for (const auto& one : found)
      if (one.what.find("in force") != std::string::npos) return true;
    return false;
  };
  EXPECT_FALSE(complaint());
  make_tree("old");
  EXPECT_TRUE(complaint());
}

}  // namespace
}  // namespace chos::test
