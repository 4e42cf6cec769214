// SPDX-License-Identifier: BSD-3-Clause
// Mounting and unmounting by descriptors, while names change.  Needs root; in a mount namespace of its own.
#include "mount/operations.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "fake_node.h"
#include "mount/detached.h"
#include "mount/open.h"
#include "silent_fuse.h"

namespace chos::test {
namespace {

class Operations : public FakeNode {
 protected:
  void SetUp() override {
    FakeNode::SetUp();
    if (IsSkipped()) return;
    for (const char* directory : {"/user/place", "/victim/place", "/source/below"})
      make_directories(top + directory);
    write_text(top + "/source/file", "shown\n");
  }
  UniqueFd opened(const std::string& path) const {
    return UniqueFd(::open((top + path).c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  }
  // The user puts a link to the victim's directory in the place of their own.
  void swap() const {
    ASSERT_EQ(::rename((top + "/user").c_str(), (top + "/moved").c_str()), 0);
    ASSERT_EQ(::symlink((top + "/victim").c_str(), (top + "/user").c_str()), 0);
  }
};

TEST_F(Operations, DetachTakesItsOwnMountOnly) {
  const auto nothing = all_mounts();
  mount_tmpfs(top + "/victim/place");
  const auto before = all_mounts();
  const auto source = opened("/source"), place = opened("/user/place");
  const auto mount = bind_tree_over(source.get(), place.get(), "source", "place");
  ASSERT_TRUE(mount) << mount.error().what;
  swap();
  ASSERT_TRUE(detach(mount->get(), "place"));
  EXPECT_EQ(all_mounts(), before);
  EXPECT_EQ(detach(mount->get(), "place").error().code, EINVAL) << "it is gone";
  EXPECT_EQ(all_mounts(), before);
  EXPECT_TRUE(detach_all(top + "/victim/place"));
  EXPECT_TRUE(detach_all(top + "/victim/place")) << "there is none";
  EXPECT_EQ(all_mounts(), nothing);
}

// FUSE tells nobody but its owner even the type of its root.
TEST_F(Operations, DetachTakesWhatRefusesRoot) {
  const auto before = all_mounts();
  for (int i = 0; i < 2; ++i) {
    const UniqueFd server = mount_silent_fuse(top + "/user/place", 1000);
    if (!server) GTEST_SKIP() << "no /dev/fuse here";
    const auto place = opened("/user/place");
    ASSERT_FALSE(known_file(place.get(), "place"));
    const auto status = i == 0 ? detach(place.get(), "place") : detach_all(top + "/user/place");
    ASSERT_TRUE(status) << status.error().what;
    EXPECT_EQ(all_mounts(), before);
  }
}

TEST_F(Operations, DetachTakesWhatWasMountedOnTop) {
  const auto before = all_mounts();
  const auto mount = bind_tree(top + "/source", top + "/user/place");
  ASSERT_TRUE(mount) << mount.error().what;
  for (int i = 0; i < 3; ++i) mount_tmpfs(top + "/user/place");
  mount_tmpfs(top + "/user/place");
  ASSERT_TRUE(detach(mount->get(), "place"));
  EXPECT_EQ(all_mounts(), before);
}

// umount2() would take a mount that covers the directory.
TEST_F(Operations, DetachRefusesADirectoryThatIsNoMount) {
  const auto place = opened("/user/place");
  EXPECT_EQ(detach(place.get(), "place").error().code, EINVAL);
  mount_tmpfs(top + "/user/place");
  const auto before = all_mounts();
  EXPECT_EQ(detach(place.get(), "place").error().code, EINVAL);
  EXPECT_EQ(all_mounts(), before);
}

TEST_F(Operations, DetachOfALinkDoesNotFollowIt) {
  ASSERT_EQ(::symlink((top + "/victim/place").c_str(), (top + "/link").c_str()), 0);
  write_text(top + "/user/file", "");
  mount_tmpfs(top + "/victim/place");
  const auto before = all_mounts();
  const auto file = opened("/user/file");
  const auto mount = mount_link(top + "/link", file.get(), "file");
  ASSERT_TRUE(mount) << mount.error().what;
  ASSERT_NE(all_mounts(), before);
  ASSERT_TRUE(detach(mount->get(), "file"));
  EXPECT_EQ(all_mounts(), before);
}

TEST_F(Operations, ExchangeStaysAtThePlace) {
  mount_tmpfs(top + "/victim/place");
  const auto source = opened("/source"), below = opened("/source/below"), place = opened("/user/place"),
             tree = opened("/user");
  const auto old = bind_tree_over(below.get(), place.get(), "below", "place");
  ASSERT_TRUE(old) << old.error().what;
  const auto where = Place::of(tree.get(), old->get());
  ASSERT_TRUE(where) << where.error().what;
  const auto fresh = clone_mount(source.get(), false, "source");
  ASSERT_TRUE(fresh) << fresh.error().what;
  swap();
  ASSERT_TRUE(exchange_mount(fresh->get(), old->get(), *where, "place"));
  EXPECT_EQ(read_text(top + "/moved/place/file"), "shown\n");
  EXPECT_FALSE(exists(top + "/victim/place/file"));
  Transaction changes;
  ASSERT_TRUE(detach_recorded(fresh->get(), *where, false, "removing it", "place", changes));
  EXPECT_FALSE(exists(top + "/moved/place/file"));
  for (const auto& [what, status] : changes.rollback()) EXPECT_TRUE(status) << status.error().what;
  EXPECT_EQ(read_text(top + "/moved/place/file"), "shown\n");
}

TEST_F(Operations, APlaceIsNeverFoundOutsideItsTree) {
  make_directories(top + "/tree/a/b");
  const auto tree = opened("/tree"), b = opened("/tree/a/b");
  const auto place = Place::of(tree.get(), b.get());
  ASSERT_TRUE(place);
  EXPECT_TRUE(place->open());
  EXPECT_FALSE(Place::of(tree.get(), opened("/victim").get()));
  EXPECT_FALSE(Place::of(tree.get(), tree.get()));
  ASSERT_EQ(::rename((top + "/tree/a").c_str(), (top + "/gone").c_str()), 0);
  ASSERT_EQ(::symlink((top + "/gone").c_str(), (top + "/tree/a").c_str()), 0);
  EXPECT_FALSE(place->open());
  EXPECT_FALSE(open_beneath(tree.get(), "../victim"));
  EXPECT_FALSE(open_beneath(tree.get(), top + "/victim"));
}

// Users can mount FUSE file systems deeper than the longest path that the kernel takes.
TEST_F(Operations, AMountIsFoundByAPathOfAnyLength) {
  const std::string name(250, 'd');
  const auto before = all_mounts();
  UniqueFd here(::open((top + "/user").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(::mkdirat(here.get(), name.c_str(), 0755), 0);
    here = UniqueFd(::openat(here.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    ASSERT_TRUE(here);
  }
  const auto source = opened("/source");
  ASSERT_TRUE(bind_tree_over(source.get(), here.get(), "source", "deep"));
  const auto table = MountTable::read();
  ASSERT_TRUE(table);
  const auto below = table->below(top + "/user");
  ASSERT_EQ(below.size(), 1U);
  EXPECT_GT(below.front()->target.size(), 5000U);
  const auto detached = detach_mount(below.front()->id, below.front()->target);
  EXPECT_TRUE(detached) << detached.error().what.substr(0, 40);
  EXPECT_EQ(all_mounts(), before);
}

TEST_F(Operations, APseudoFileSystemIsMountedWithItsFlags) {
  const auto before = all_mounts();
  const auto mount = mount_pseudo("tmpfs", top + "/victim/place");
  ASSERT_TRUE(mount) << mount.error().what;
  EXPECT_EQ(flags_at(top + "/victim/place"), mount_nosuid | mount_nodev | mount_noexec);
  ASSERT_TRUE(detach(mount->get(), "it"));
  EXPECT_EQ(all_mounts(), before);
  EXPECT_FALSE(mount_pseudo("nosuchfs", top + "/victim/place"));
}

}  // namespace
}  // namespace chos::test
