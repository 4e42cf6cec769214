// SPDX-License-Identifier: BSD-3-Clause
// Adding OSs of archives, container images and repositories that are sound, and that are not.
#include <sys/mount.h>
#include <sys/xattr.h>

#include "build/builders.h"
#include "build/pack.h"
#include "manage/os_manager_fixture.h"
#include "store/image.h"
#include "store/manifest.h"

namespace chos::test {
namespace {

TEST_F(OsManagerTest, AddsATreeWithNamesThatAreNoUtf8) {
  const std::string name = "/usr/bin/su\xfc";
  write_text(top + "/source/one" + name, "x", 04755);
  write_text(top + "/source/one/etc/os-release", "PRETTY_NAME=\"\xfc\"\n");
  ASSERT_EQ(std::system(("tar -C " + top + "/source/one -cf " + archive("one") + " .").c_str()), 0);
  const auto record = add("one", "one");
  ASSERT_TRUE(record) << record.error().what;
  ASSERT_EQ(store().records()->size(), 1U);
  EXPECT_EQ(store().records()->front().privileged.files().front().path, "/usr/bin/su\ufffd");
  EXPECT_TRUE(verify_os(store(), *record, progress)->empty());
  EXPECT_TRUE(remove("one"));
}

// What claims to be small need not be: it is counted while it is read.
TEST_F(OsManagerTest, StopsReadingWhatIsTooBig) {
  for (int i = 0; i < 100; ++i) write_text(top + "/source/one/etc/" + std::to_string(i), "x");
  const auto dir = parse_source("dir:" + top + "/source/one");
  BuildOptions options;
  options.max_size = 10;
  const auto added = keep([&](OsManager& k) { return k.add("far", *dir, options, ""); });
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code, EFBIG) << added.error().what;
  EXPECT_NE(added.error().remedy.find("--max-size"), std::string::npos);
  EXPECT_LT(progress.ticks, 100);
  EXPECT_EQ(trees(), Names{});
  expect_tidy();
}

TEST_F(OsManagerTest, AFullDiskCostsNothing) {
  ASSERT_EQ(::mount("tmpfs", node.config.trees.c_str(), "tmpfs", 0, "size=100k"), 0);
  const auto full = add("one", "one");
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, ENOSPC) << full.error().what;
  EXPECT_NE(full.error().what.find("No space left on device"), std::string::npos) << full.error().what;
  EXPECT_NE(full.error().remedy.find("make room"), std::string::npos);
  EXPECT_EQ(trees(), Names{});
  EXPECT_EQ(list(), "# ours\n");
  expect_tidy();
  ASSERT_EQ(::mount("tmpfs", node.config.trees.c_str(), "tmpfs", MS_REMOUNT, "size=100m"), 0);
  EXPECT_TRUE(add("one", "one"));
  EXPECT_EQ(::umount2(node.config.trees.c_str(), MNT_DETACH), 0);
}

// By an archive and an image, if the archive has them.
TEST_F(OsManagerTest, KeepsFileCapabilities) {
  const std::string program = top + "/source/one/bin/ping", name = "security.capability";
  write_text(program, "x", 0755);
  // Revision 2, effective: cap_net_raw.
  const std::string value("\1\0\0\2\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
  ASSERT_EQ(::setxattr(program.c_str(), name.c_str(), value.data(), value.size(), 0), 0);
  ASSERT_EQ(
      std::system(("tar --xattrs --xattrs-include='*' -C " + top + "/source/one -cf " + archive("one") + " .")
                      .c_str()),
      0);
  const auto kept = [&](const std::string& file) {
    char found[64];
    const auto size = ::lgetxattr(file.c_str(), name.c_str(), found, sizeof found);
    return size < 0 ? "" : std::string(found, static_cast<std::size_t>(size));
  };
  const auto record = add("one", "one");
  ASSERT_TRUE(record) << record.error().what;
  const std::string tree = store().tree(*record);
  EXPECT_EQ(kept(tree + "/bin/ping"), value);
  ASSERT_EQ(record->privileged.count(), 1U);
  EXPECT_EQ(record->privileged.files().front().about, "capabilities");
  for (const std::string type : {"squashfs", "erofs"}) {
    const std::string image = top + "/" + type, target = image + ".mount";
    const auto packed = pack_tree(tree, image, type, progress);
    if (!packed && packed.error().code == ENOENT) continue;  // the program is not there
    ASSERT_TRUE(packed) << packed.error().what;
    make_directories(target);
    if (!mount_image(image, type, target)) continue;  // nor is the file system
    EXPECT_EQ(kept(target + "/bin/ping"), value) << type;
    ::umount2(target.c_str(), MNT_DETACH);
  }
  ASSERT_EQ(::removexattr((tree + "/bin/ping").c_str(), name.c_str()), 0);
  EXPECT_EQ(*verify_os(store(), *record, progress), Names{"/bin/ping: capabilities"});
}

}  // namespace
}  // namespace chos::test
