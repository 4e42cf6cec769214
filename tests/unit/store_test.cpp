// SPDX-License-Identifier: BSD-3-Clause
// The pure parts of the store: sources, the allowlist's text, manifests, archives.
#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "lib/allowlist.h"
#include "scratch.h"
#include "store/allowlist_edit.h"
#include "store/archive.h"
#include "store/build.h"
#include "store/build_parts.h"
#include "store/config_edit.h"
#include "store/manifest.h"
#include "store/os_release.h"
#include "store/remove_tree.h"
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
        "debian:a b", "tar:", "tar:/no/such/file", "image:/tmp", "dir:/no/such", "oci:/tmp",
        "rpm:/tmp"})
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
  EXPECT_EQ(with_option(list_text, "old", "closed", false).find("old:/os/old:suid\r\n") !=
                std::string::npos, true);
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
  EXPECT_EQ(*with_os_commands(there, "a", {}),
            "[base.os] # ours\nb = [\"at\"]\n[share]\nadd = [\"/x\"]\n");
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
  EXPECT_NE(manifest->text.find(
                "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"),
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

struct Entry {
  std::string name;
  unsigned type = AE_IFREG;
  std::string content;  // or the link's target
  bool hard_link = false;
  std::string flags = {};
};

class StoreArchive : public Scratch {
 protected:
  void pack(const std::vector<Entry>& entries, const std::string& name = "a.tar") {
    auto* out = ::archive_write_new();
    ::archive_write_set_format_pax_restricted(out);
    ASSERT_EQ(::archive_write_open_filename(out, path(name).c_str()), ARCHIVE_OK);
    for (const auto& one : entries) {
      auto* entry = ::archive_entry_new();
      ::archive_entry_set_pathname(entry, one.name.c_str());
      ::archive_entry_set_filetype(entry, one.type);
      ::archive_entry_set_perm(entry, 0755);
      if (one.hard_link) ::archive_entry_set_hardlink(entry, one.content.c_str());
      else if (one.type == AE_IFLNK) ::archive_entry_set_symlink(entry, one.content.c_str());
      else if (one.type == AE_IFREG)
        ::archive_entry_set_size(entry, static_cast<la_int64_t>(one.content.size()));
      if (!one.flags.empty()) ::archive_entry_copy_fflags_text(entry, one.flags.c_str());
      ASSERT_EQ(::archive_write_header(out, entry), ARCHIVE_OK) << one.name;
      if (one.type == AE_IFREG && !one.hard_link)
        ::archive_write_data(out, one.content.data(), one.content.size());
      ::archive_entry_free(entry);
    }
    ::archive_write_close(out);
    ::archive_write_free(out);
  }
  Status unpack(bool drop_devices = false, std::uint64_t limit = 1000000) {
    std::filesystem::remove_all(path("root"));
    std::filesystem::create_directory(path("root"));
    return unpack_archive(path("a.tar"), path("root"), {limit, 1000, drop_devices}, {});
  }
  void expect_refused(const std::vector<Entry>& entries, const std::string& entry,
                      const std::string& why) {
    pack(entries);
    const auto status = unpack();
    ASSERT_FALSE(status) << entry;
    EXPECT_NE(status.error().what.find("'" + entry + "'"), std::string::npos) << status.error().what;
    EXPECT_NE(status.error().what.find(why), std::string::npos) << status.error().what;
    EXPECT_FALSE(std::filesystem::exists(path("escaped")));
    std::uint64_t bytes = 0;
    // A layer may put a directory in the place of a link: umoci makes it one.
    const bool replaces = why == "behind" && entry.ends_with('/');
    EXPECT_EQ(check_archive(path("a.tar"), {1000000, 1000, false}, bytes, {}).ok(), replaces);
  }
};

TEST_F(StoreArchive, Unpacks) {
  pack({{"./", AE_IFDIR, ""}, {"./bin/", AE_IFDIR, ""}, {"./bin/sh", AE_IFREG, "shell"},
        {"./bin/bash", AE_IFREG, "./bin/sh", true}, {"sbin", AE_IFLNK, "usr/../bin"},
        {"usr/share/x/abs", AE_IFLNK, "/etc/../../etc"}, {"run/fifo", AE_IFIFO, ""}});
  const auto status = unpack();
  ASSERT_TRUE(status) << status.error().what;
  EXPECT_EQ(read("root/bin/sh"), "shell");
  struct stat one {}, two {};
  ::stat(path("root/bin/sh").c_str(), &one);
  ::stat(path("root/bin/bash").c_str(), &two);
  EXPECT_EQ(one.st_ino, two.st_ino);
  EXPECT_EQ(std::filesystem::read_symlink(path("root/usr/share/x/abs")), "/etc/../../etc");
}

TEST_F(StoreArchive, RefusesWhatLeavesTheTree) {
  expect_refused({{"../escaped", AE_IFREG, "x"}}, "../escaped", "'..'");
  expect_refused({{"a/../../escaped", AE_IFREG, "x"}}, "a/../../escaped", "'..'");
  expect_refused({{path("escaped"), AE_IFREG, "x"}}, path("escaped"), "absolute");
  expect_refused({{"a/b", AE_IFLNK, "../../etc"}}, "a/b", "out of the tree");
  expect_refused({{"b", AE_IFLNK, "x/../.."}}, "b", "out of the tree");
  expect_refused({{"twin", AE_IFREG, "../escaped", true}}, "twin", "'..'");
  expect_refused({{"twin", AE_IFREG, "/etc/shadow", true}}, "twin", "absolute");
  expect_refused({{"way", AE_IFLNK, "/tmp"}, {"way/escaped", AE_IFREG, "x"}}, "way/escaped",
                 "behind the symbolic link");
  expect_refused({{"way", AE_IFLNK, directory()}, {"twin", AE_IFREG, "way/a.tar", true}}, "way/a.tar",
                 "behind the symbolic link");
}

// An empty root would be taken away for it, and what follows went to where the link leads.
TEST_F(StoreArchive, RefusesALinkInPlaceOfTheRoot) {
  std::filesystem::create_directory(path("outside"));
  for (const std::string name : {".", "./", "./.", ".//."}) {
    SCOPED_TRACE(name);
    for (const std::string& target : {path("outside"), std::string("outside")})
      expect_refused({{name, AE_IFLNK, target}, {"escaped", AE_IFREG, "x"}}, name, "root of the tree");
    expect_refused({{"a", AE_IFREG, "x"}, {name, AE_IFREG, "a", true}}, name, "root of the tree");
    if (!name.ends_with("/")) expect_refused({{name, AE_IFREG, "x"}}, name, "root of the tree");
    expect_refused({{name, AE_IFIFO, ""}}, name, "root of the tree");
    EXPECT_TRUE(std::filesystem::is_empty(path("outside")));
    EXPECT_TRUE(std::filesystem::is_directory(std::filesystem::symlink_status(path("root"))));
  }
}

TEST_F(StoreArchive, UnpacksOnlyIntoADirectory) {
  std::filesystem::create_directory(path("outside"));
  std::filesystem::create_symlink(path("outside"), path("root"));
  pack({{"escaped", AE_IFREG, "x"}});
  EXPECT_FALSE(unpack_archive(path("a.tar"), path("root"), {1000, 1000, false}, {}));
  EXPECT_TRUE(std::filesystem::is_empty(path("outside")));
}

// The mode of the directory that the link leads to would be set.
TEST_F(StoreArchive, RefusesADirectoryOverALink) {
  std::filesystem::create_directory(path("outside"));
  ::chmod(path("outside").c_str(), 0700);
  expect_refused({{"way", AE_IFLNK, path("outside")}, {"way", AE_IFDIR, ""}}, "way/", "behind");
  // A header without the slash, which libarchive's writer never leaves out.
  std::string text = read("a.tar");
  const auto at = text.find("way/");
  ASSERT_NE(at, std::string::npos);
  text[at + 3] = '\0';
  char sum[7];
  std::snprintf(sum, sizeof sum, "%06lo", std::stoul(text.substr(at + 148, 6), nullptr, 8) - '/');
  write("a.tar", text.replace(at + 148, 6, sum));
  const auto status = unpack();
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().what.find("'way' lies behind"), std::string::npos) << status.error().what;
  struct stat info {};
  ASSERT_EQ(::stat(path("outside").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0700U);
}

TEST_F(StoreArchive, RefusesDevices) {
  expect_refused({{"dev/sda", AE_IFBLK, ""}}, "dev/sda", "device node");
  expect_refused({{"dev/null", AE_IFCHR, ""}}, "dev/null", "device node");
  pack({{"dev/null", AE_IFCHR, ""}, {"etc/x", AE_IFREG, "x"}});
  ASSERT_TRUE(unpack(true));
  EXPECT_FALSE(std::filesystem::exists(path("root/dev/null")));
  EXPECT_EQ(read("root/etc/x"), "x");
}

TEST_F(StoreArchive, RefusesBombs) {
  pack({{"a", AE_IFREG, std::string(600, 'x')}, {"b", AE_IFREG, std::string(600, 'x')}});
  EXPECT_TRUE(unpack(false, 1200));
  const auto status = unpack(false, 1199);
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().what.find("'b'"), std::string::npos);
  EXPECT_FALSE(unpack(false, 599));
  std::vector<Entry> many;
  for (int i = 0; i < 1001; ++i) many.push_back({std::to_string(i), AE_IFREG, ""});
  pack(many);
  EXPECT_FALSE(unpack());
}

// In a pax archive a hard link may have a body; libarchive's writer makes none.
TEST_F(StoreArchive, CountsTheContentOfHardLinks) {
  ASSERT_EQ(std::system(("cd " + directory() + " && python3 -c '"
                         "import io, tarfile\n"
                         "with tarfile.open(\"a.tar\", \"w\", format=tarfile.PAX_FORMAT) as out:\n"
                         "  for name, kind in ((\"a\", b\"0\"), (\"b\", b\"1\")):\n"
                         "    one = tarfile.TarInfo(name)\n"
                         "    one.type, one.linkname, one.size = kind, \"a\" * (kind == b\"1\"), 600\n"
                         "    one.pax_headers = {\"comment\": \"pax\"}\n"
                         "    out.addfile(one, io.BytesIO(b\"x\" * 600))\n'").c_str()), 0);
  EXPECT_TRUE(unpack(false, 1200));
  const auto status = unpack(false, 1199);
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().what.find("'b' makes it more than"), std::string::npos) << status.error().what;
}

TEST_F(StoreArchive, RefusesWhatIsTooDeep) {
  std::string deep;
  for (int i = 0; i < 256; ++i) deep += "./d/";
  pack({{deep, AE_IFDIR, ""}});
  EXPECT_TRUE(unpack());
  EXPECT_TRUE(remove_tree(path("root")));
  pack({{deep + "x", AE_IFREG, ""}});
  const auto status = unpack();
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().what.find("more than 255 directories"), std::string::npos)
      << status.error().what;
}

// Where the file system has none of these flags there is nothing to see.
TEST_F(StoreArchive, MakesNothingImmutable) {
  pack({{"etc/x", AE_IFREG, "x", false, "schg"}});
  ASSERT_TRUE(unpack());
  EXPECT_EQ(::unlink(path("root/etc/x").c_str()), 0) << "chattr -i it, and remove it by hand";
}

TEST_F(StoreArchive, RefusesWhatIsCutOrNone) {
  pack({{"a", AE_IFREG, std::string(100000, 'x')}, {"b", AE_IFREG, std::string(100000, 'y')}});
  std::filesystem::resize_file(path("a.tar"), 150000);
  const auto status = unpack();
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().what.find("truncated"), std::string::npos) << status.error().what;
  write("a.tar", "no archive at all, but some text that is long enough to be looked at");
  EXPECT_FALSE(unpack());
  write("a.tar", "");
  EXPECT_FALSE(unpack());
}

TEST_F(StoreArchive, CanBeStopped) {
  pack({{"a", AE_IFREG, "x"}});
  std::filesystem::create_directory(path("root"));
  const auto status = unpack_archive(path("a.tar"), path("root"), {1000, 1000, false},
                                     [](std::uint64_t, std::uint64_t) { return false; });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, EINTR);
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
