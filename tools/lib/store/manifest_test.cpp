// SPDX-License-Identifier: BSD-3-Clause
#include "store/manifest.h"

#include <sys/stat.h>

#include <cerrno>

#include "scratch.h"

namespace chos::test {
namespace {

class StoreManifest : public Scratch {
 protected:
  void make(const std::string& top) {
    std::filesystem::create_directories(path(top + "/etc"));
    write(top + "/etc/motd", "hello\n");
    write(top + "/etc/a b", "blank");
    std::filesystem::create_symlink("motd", path(top + "/etc/link"));
    std::filesystem::create_hard_link(path(top + "/etc/motd"), path(top + "/etc/twin"));
  }
  std::string text(const std::string& top) {
    const auto manifest = read_manifest(path(top), {});
    EXPECT_TRUE(manifest) << manifest.error().what;
    return manifest ? manifest->text : "";
  }
};

TEST_F(StoreManifest, SaysWhatThereIs) {
  make("tree");
  write("tree/su", "x");
  ::chmod(path("tree/su").c_str(), 04755);
  const auto manifest = read_manifest(path("tree"), {});
  ASSERT_TRUE(manifest);
  EXPECT_EQ(manifest->entries, 7U);  // the root, etc and five in it
  EXPECT_EQ(manifest->bytes, 6U + 5U + 1U);
  EXPECT_NE(manifest->text.find("/su f 4755 "), std::string::npos);
  EXPECT_NE(manifest->text.find("/etc/a\\x20b f "), std::string::npos);
  // echo hello | sha256sum
  EXPECT_NE(manifest->text.find("5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"),
            std::string::npos);
  EXPECT_EQ(manifest->digest().size(), 7U + 64U);
}

TEST_F(StoreManifest, NamesWhatDiffers) {
  make("tree");
  const auto before = text("tree");
  EXPECT_TRUE(manifest_differences(before, text("tree")).empty());
  write("tree/etc/motd", "hallo\n");
  ::chmod(path("tree/etc/a b").c_str(), 0600);
  std::filesystem::remove(path("tree/etc/link"));
  std::filesystem::create_symlink("twin", path("tree/etc/link"));
  write("tree/new", "");
  EXPECT_EQ(manifest_differences(before, text("tree")),
            (std::vector<std::string>{"/etc/a\\x20b: mode 0600, was 0644", "/etc/link: link twin, was motd",
                                      "/etc/motd: content", "/etc/twin: content", "/new: added"}));
  std::filesystem::remove(path("tree/etc/a b"));
  std::filesystem::remove(path("tree/etc/link"));
  std::filesystem::create_directory(path("tree/etc/link"));
  const auto differences = manifest_differences(before, text("tree"));
  EXPECT_EQ(differences[0], "/etc/a\\x20b: missing");
  EXPECT_EQ(differences[1].rfind("/etc/link: type d", 0), 0U) << differences[1];
}

// Its size may be claimed to be anything, as in an image, or is 0, as in /proc.
TEST_F(StoreManifest, ReadsALinkWhateverSizeItClaims) {
  const auto manifest = read_manifest("/proc/self/exe", {});
  ASSERT_TRUE(manifest) << manifest.error().what;
  EXPECT_NE(manifest->text.find(std::filesystem::read_symlink("/proc/self/exe")), std::string::npos)
      << manifest->text;
}

TEST_F(StoreManifest, CanBeStopped) {
  make("tree");
  const auto stopped = read_manifest(path("tree"), [](std::uint64_t, std::uint64_t) { return false; });
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, EINTR);
}

}  // namespace
}  // namespace chos::test
