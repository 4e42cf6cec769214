// SPDX-License-Identifier: BSD-3-Clause
// Adding OSs of archives, container images and repositories that are sound, and that are not.
#include <sys/mount.h>
#include <sys/xattr.h>

#include "build/builders.h"
#include "build/pack.h"
#include "manage/os_manager_fixture.h"
#include "store/image.h"

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
  EXPECT_EQ(store().records()->front().privileged.front().path, "/usr/bin/su\ufffd");
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

// Layouts of one layer, made by hand.
class OciLayout : public OsManagerTest {
 protected:
  void SetUp() override {
    OsManagerTest::SetUp();
    if (IsSkipped()) return;
    if (std::system("command -v skopeo umoci >/dev/null") != 0) GTEST_SKIP() << "no skopeo or umoci";
    make_directories(top + "/layout/blobs/sha256");
  }
  // Its digest and size, as a descriptor has them.
  std::string blob(const std::string& file) {
    const auto digest = file_digest(file);
    EXPECT_TRUE(digest);
    fs::copy_file(file, top + "/layout/blobs/sha256/" + digest->substr(7),
                  fs::copy_options::overwrite_existing);
    return "\"digest\":\"" + *digest + "\",\"size\":" + std::to_string(fs::file_size(file));
  }
  std::string blob_of(const std::string& text) {
    write_text(top + "/blob", text);
    return blob(top + "/blob");
  }
  Result<TreeRecord> add_layer(const std::string& file, const BuildOptions& options = {}) {
    const std::string type = "\"mediaType\":\"application/vnd.oci.image.";
    const auto layer = blob(file);
    const auto config = blob_of(
        "{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{"
        "\"type\":\"layers\",\"diff_ids\":[\"" +
        *file_digest(file) + "\"]}}");
    const auto manifest =
        blob_of("{\"schemaVersion\":2," + type + "manifest.v1+json\",\"config\":{" + type +
                "config.v1+json\"," + config + "},\"layers\":[{" + type + "layer.v1.tar\"," + layer + "}]}");
    write_text(top + "/layout/oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");
    write_text(top + "/layout/index.json",
               "{\"schemaVersion\":2,\"manifests\":[{" + type + "manifest.v1+json\"," + manifest +
                   ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"t\"}}]}");
    const auto source = parse_source("oci:" + top + "/layout");
    EXPECT_TRUE(source) << source.error().what;
    return keep([&](OsManager& k) { return k.add("image", *source, options, ""); });
  }
  void expect_refused(const std::string& file, const std::string& entry, const std::string& why,
                      const BuildOptions& options = {}) {
    const auto added = add_layer(file, options);
    ASSERT_FALSE(added) << entry;
    EXPECT_NE(added.error().what.find("layer 1 of " + top + "/layout"), std::string::npos);
    EXPECT_NE(added.error().what.find("'" + entry + "'"), std::string::npos) << added.error().what;
    EXPECT_NE(added.error().what.find(why), std::string::npos) << added.error().what;
    EXPECT_EQ(trees(), Names{});
    EXPECT_EQ(list(), "# ours\n");
    EXPECT_FALSE(exists(top + "/outside/file"));
    expect_tidy();
  }
  // A tar archive of what `command` makes of the usable tree in the working directory.
  std::string layer(const std::string& command) {
    const std::string tree = top + "/layer", file = top + "/layer.tar";
    EXPECT_EQ(std::system(("rm -rf " + tree + " && cp -a " + top + "/source/one " + tree + " && cd " + tree +
                           " && rm -f " + file + " && " + command)
                              .c_str()),
              0);
    return file;
  }
};

TEST_F(OciLayout, OneThatIsSound) {
  const auto added = add_layer(layer("ln -s /etc link && tar -cf ../layer.tar ."));
  ASSERT_TRUE(added) << added.error().what;
  EXPECT_TRUE(exists(node.config.trees + "/image/bin/sh"));
  expect_tidy();
}

TEST_F(OciLayout, ADockerArchiveOfTwoImages) {
  ASSERT_TRUE(add_layer(layer("tar -cf ../layer.tar .")));
  ASSERT_TRUE(remove("image"));
  ASSERT_EQ(std::system(("cd " + top +
                         " && mkdir saved && { skopeo --insecure-policy copy -q oci:layout:t "
                         "docker-archive:one.tar.d:a:1 && tar -C saved -xf one.tar.d && "
                         "sed -i 's/^\\[\\(.*\\)\\]$/[\\1,\\1]/' saved/manifest.json && "
                         "tar -C saved -cf two.tar manifest.json $(ls saved | grep -vx manifest.json); }"
                         " >log 2>&1")
                            .c_str()),
            0)
      << read_text(top + "/log");
  const auto source = parse_source("oci:" + top + "/two.tar");
  ASSERT_TRUE(source);
  const auto added = keep([&](OsManager& k) { return k.add("image", *source, {}, ""); });
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().what, top + "/two.tar has more than one image");
  expect_tidy();
}

TEST_F(OciLayout, ADeviceNode) {
  expect_refused(layer("mknod etc/null c 1 3 && tar -cf ../layer.tar ."), "./etc/null", "device node");
}

TEST_F(OciLayout, ANameThatLeadsOut) {
  expect_refused(layer("echo x > file && tar -P --transform='s,^file,../outside/file,' -cf ../layer.tar "
                       "bin etc lib64 file"),
                 "../outside/file", "'..'");
}

TEST_F(OciLayout, AnEntryBehindALinkOfItsOwn) {
  make_directories(top + "/outside");
  expect_refused(layer("ln -s " + top +
                       "/outside a && mkdir b && echo x > b/file && "
                       "tar -cf ../layer.tar bin etc lib64 a && "
                       "tar --transform='s,^b/,a/,' -rf ../layer.tar b/file"),
                 "a/file", "behind");
  // What was a link is a directory by then.
  const auto added = add_layer(layer("ln -s " + top +
                                     "/outside a && mkdir b && echo x > b/file && "
                                     "tar -cf ../layer.tar bin etc lib64 a && "
                                     "tar --transform='s,^b,a,' -rf ../layer.tar b"));
  EXPECT_TRUE(added) << added.error().what;
  EXPECT_FALSE(exists(top + "/outside/file"));
}

TEST_F(OciLayout, ABomb) {
  BuildOptions options;
  options.max_size = 4 << 20;
  expect_refused(layer("truncate -s 100M etc/zeros && tar -czf ../layer.tar ."), "./etc/zeros", "--max-size",
                 options);
}

TEST_F(OciLayout, OneThatIsCut) {
  expect_refused(layer("head -c 1000000 /dev/urandom > etc/zz && tar -cf ../layer.tar bin lib64 etc/zz && "
                       "truncate -s -600000 ../layer.tar"),
                 "etc/zz", "truncated");
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
  ASSERT_EQ(record->privileged.size(), 1U);
  EXPECT_EQ(record->privileged.front().rights, "capabilities");
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
