// SPDX-License-Identifier: BSD-3-Clause
// The pure parts of the store: sources, the allowlist's text, manifests, images.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "allowlist/allowlist.h"
#include "allowlist/edit.h"
#include "build/build.h"
#include "build/builders.h"
#include "config/edit.h"
#include "scratch.h"
#include "store/image.h"
#include "store/manifest.h"
#include "store/os_release.h"
#include "store/source.h"

namespace chos::test {
namespace {

class StoreSource : public Scratch {};

TEST_F(StoreSource, Reads) {
  write("a.tar", "");
  write("x.repo", "");
  std::filesystem::create_directory(path("layout"));
  write("layout/oci-layout", "{}");
  const auto debian = parse_source("debian:trixie/i386");
  ASSERT_TRUE(debian);
  EXPECT_EQ(debian->suite, "trixie");
  EXPECT_EQ(debian->architecture, "i386");
  EXPECT_EQ(parse_source("debian:sid")->architecture, "");
  const auto rpm = parse_source("rpm:" + path("x.repo") + "#bash,gcc#vim");
  ASSERT_TRUE(rpm);
  EXPECT_EQ(rpm->packages, (std::vector<std::string>{"bash", "gcc", "vim"}));
  EXPECT_EQ(rpm->path, path("x.repo"));
  const auto oci = parse_source("oci:" + path("layout") + ":v1.2");
  ASSERT_TRUE(oci) << oci.error().what;
  EXPECT_EQ(oci->tag, "v1.2");
  EXPECT_EQ(oci->path, path("layout"));
  EXPECT_EQ(parse_source("oci:" + path("layout"))->tag, "");
  EXPECT_EQ(parse_source("dir:" + directory() + "/layout/")->path, path("layout"));
  EXPECT_TRUE(parse_source("dir:" + directory())->is_mounted());
  EXPECT_FALSE(parse_source("tar:" + path("a.tar"))->is_mounted());
  EXPECT_EQ(parse_source("tar:" + directory() + "/./a.tar")->text, "tar:" + path("a.tar"));
}

TEST_F(StoreSource, Refuses) {
  write("file", "");
  for (const std::string text :
       {"", ":", "trixie", "docker:x", "debian:", "debian:/amd64", "debian:trixie/", "debian:-x",
        "debian:a b", "tar:", "tar:/no/such/file", "image:/tmp", "dir:/no/such", "oci:/tmp", "rpm:/tmp"})
    EXPECT_FALSE(parse_source(text)) << text;
  EXPECT_FALSE(parse_source("rpm:" + path("file") + "#--nogpgcheck"));
  EXPECT_FALSE(parse_source("rpm:" + path("file") + "#"));
  EXPECT_FALSE(parse_source("dir:" + path("file")));
  EXPECT_FALSE(parse_source("oci:" + path("file") + ":tag"));
  const auto refused = parse_source("docker:x");
  EXPECT_NE(refused.error().remedy.find("debian:SUITE"), std::string::npos);
}

TEST(StoreSize, ReadsAndWrites) {
  EXPECT_EQ(*parse_size("1"), 1U);
  EXPECT_EQ(*parse_size("3K"), 3072U);
  EXPECT_EQ(*parse_size("20G"), std::uint64_t{20} << 30);
  EXPECT_EQ(*parse_size("2MiB"), 2U << 20);
  for (const char* text : {"", "0", "G", "-1", "1X", "99999999999T", "1.5G"})
    EXPECT_FALSE(parse_size(text)) << text;
  EXPECT_EQ(size_text(1023), "1023 B");
  EXPECT_EQ(size_text(1536), "1.5 KiB");
  EXPECT_EQ(size_text(std::uint64_t{5} << 40), "5.0 TiB");
}

constexpr const char* list_text =
    "# ours\n%SHELLS\n\n  trixie:/os/trixie:groups=a|b   # the new one\n"
    "alias : /os/trixie\nold:/os/old:closed,suid\r\ndefault:/os/trixie";

TEST(StoreEdit, LeavesTheRestAlone) {
  EXPECT_EQ(with_option(list_text, "none", "closed", true), list_text);
  EXPECT_EQ(with_moved_path(list_text, "/os/none", "/os/x"), list_text);
  EXPECT_EQ(without_entry(list_text, "none"), list_text);
  EXPECT_EQ(with_default("a:/os/a\n", ""), "a:/os/a\n");
}

TEST(StoreEdit, Changes) {
  EXPECT_EQ(with_entry("a:/os/a", "b:/os/b"), "a:/os/a\nb:/os/b\n");
  EXPECT_EQ(with_entry("", "b:/os/b"), "b:/os/b\n");
  EXPECT_EQ(without_entry(list_text, "old"),
            "# ours\n%SHELLS\n\n  trixie:/os/trixie:groups=a|b   # the new one\n"
            "alias : /os/trixie\ndefault:/os/trixie");
  EXPECT_EQ(with_moved_path(list_text, "/os/trixie", "/os/trixie~2"),
            "# ours\n%SHELLS\n\n  trixie:/os/trixie~2:groups=a|b   # the new one\n"
            "alias :/os/trixie~2\nold:/os/old:closed,suid\r\ndefault:/os/trixie~2");
  EXPECT_EQ(with_option("a:/os/a # x\n", "a", "closed", true), "a:/os/a:closed # x\n");
  EXPECT_EQ(with_option("a:/os/a:closed\n", "a", "closed", false), "a:/os/a\n");
  EXPECT_EQ(with_option("a:/os/a: suid , closed\n", "a", "closed", false), "a:/os/a:suid\n");
  EXPECT_EQ(with_option("a:/os/a:closed\n", "a", "closed", true), "a:/os/a:closed\n");
  EXPECT_EQ(with_option(list_text, "old", "closed", false).find("old:/os/old:suid\r\n") != std::string::npos,
            true);
  EXPECT_EQ(with_default("a:/os/a\n", "/os/a"), "a:/os/a\ndefault:/os/a\n");
  EXPECT_EQ(with_default("default:/os/b\na:/os/a\n", "/os/a"), "default:/os/a\na:/os/a\n");
  EXPECT_EQ(with_default("default:/os/b\na:/os/a\n", ""), "a:/os/a\n");
}

TEST(StoreEdit, ItsResultsAreLists) {
  const auto groups = [](const std::string&) -> Result<gid_t> { return gid_t{5}; };
  for (const auto& text :
       {with_option(list_text, "old", "closed", false), with_entry(list_text, "new:/os/new"),
        with_moved_path(list_text, "/os/trixie", "/os/trixie~2"), with_default(list_text, "")}) {
    const auto parsed = parse_allowlist(text, "list", groups);
    // `alias` lacks the groups of its path: that error was there before.
    EXPECT_EQ(parsed.errors.size(), 1U) << parsed.error_text() << text;
  }
}

TEST(StoreConfig, SetsTheCommandsOfAnOs) {
  const std::vector<std::string> two{"sudo", "ping"};
  EXPECT_EQ(*with_os_commands("", "a", two), "[base.os]\n\"a\" = [\"sudo\", \"ping\"]\n");
  EXPECT_EQ(*with_os_commands("# x\n[farm]\npath = \"/f\"", "a.b", {"su"}),
            "# x\n[farm]\npath = \"/f\"\n\n[base.os]\n\"a.b\" = [\"su\"]\n");
  const std::string there =
      "[base.os] # ours\na = [\n  \"su\", # why\n]\nb = [\"at\"]\n[share]\nadd = [\"/x\"]\n";
  EXPECT_EQ(*with_os_commands(there, "a", two),
            "[base.os] # ours\n\"a\" = [\"sudo\", \"ping\"]\nb = [\"at\"]\n[share]\nadd = "
            "[\"/x\"]\n");
  EXPECT_EQ(*with_os_commands(there, "a", {}), "[base.os] # ours\nb = [\"at\"]\n[share]\nadd = [\"/x\"]\n");
  EXPECT_EQ(*with_os_commands(there, "c", {"su"}),
            "[base.os] # ours\n\"c\" = [\"su\"]\na = [\n  \"su\", # why\n]\nb = [\"at\"]\n"
            "[share]\nadd = [\"/x\"]\n");
  EXPECT_EQ(*with_os_commands(there, "c", {}), there);
  // Two on one line, or a table within a line: not by a program.
  EXPECT_FALSE(with_os_commands("base = { os = { a = [\"su\"], b = [\"at\"] } }\n", "a", two));
  EXPECT_FALSE(with_os_commands("not toml", "a", two));
}

TEST(StoreRelease, Reads) {
  EXPECT_EQ(parse_os_release("NAME=x\nPRETTY_NAME=\"Debian GNU/Linux 13 (trixie)\"\n"),
            "Debian GNU/Linux 13 (trixie)");
  EXPECT_EQ(parse_os_release("NAME='Alma'\nVERSION_ID=9.4\n"), "Alma 9.4");
  EXPECT_EQ(parse_os_release("#PRETTY_NAME=no\n\n"), "");
  // Not in the middle of a character, where it is cut.
  EXPECT_EQ(parse_os_release("NAME=" + std::string(79, 'x') + "\u00fc"), std::string(79, 'x'));
  EXPECT_EQ(parse_os_release("NAME=" + std::string(78, 'x') + "\u00fcy"), std::string(78, 'x') + "\u00fc");
  EXPECT_EQ(parse_os_release("NAME=" + std::string(77, 'x') + "\U0001f427"), std::string(77, 'x'));
  EXPECT_EQ(parse_os_release("PRETTY_NAME=\"a\033[31m\\\"b\"\n"), "a[31m\"b");
}

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
  ASSERT_EQ(manifest->privileged.size(), 1U);
  EXPECT_EQ(manifest->privileged.front().path, "/su");
  EXPECT_EQ(manifest->privileged.front().rights, "setuid");
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

class StoreImage : public Scratch {};

TEST_F(StoreImage, KnowsItsType) {
  std::string squashfs(4096, '\0');
  squashfs.replace(0, 4, "hsqs");
  squashfs[41] = 0x10;  // 4096 bytes used
  write("image", squashfs);
  EXPECT_EQ(*image_type(path("image")), "squashfs");
  write("image", squashfs.substr(0, 4095));
  EXPECT_NE(image_type(path("image")).error().what.find("truncated"), std::string::npos);
  std::string erofs(8192, '\0');
  erofs.replace(1024, 4, "\xe2\xe1\xf5\xe0");
  erofs[1024 + 12] = 12;
  erofs[1024 + 36] = 2;  // blocks of 4 KiB
  write("image", erofs);
  EXPECT_EQ(*image_type(path("image")), "erofs");
  erofs[1024 + 36] = 3;
  write("image", erofs);
  EXPECT_FALSE(image_type(path("image")));
  write("image", std::string(4096, 'x'));
  EXPECT_FALSE(image_type(path("image")));
  write("image", "");
  EXPECT_FALSE(image_type(path("image")));
}

}  // namespace
}  // namespace chos::test
