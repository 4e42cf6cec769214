// SPDX-License-Identifier: BSD-3-Clause
// Archives of trees, sound and hostile.
#include "build/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <fstream>

#include "scratch.h"
#include "store/remove_tree.h"

namespace chos::test {
namespace {

struct Entry {
  std::string name;
  unsigned type = AE_IFREG;
  std::string content;  // or the link's target
  bool hard_link = false;
  std::string flags = {};
};

class StoreArchive : public Scratch {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "unpacking needs root";
    Scratch::SetUp();
  }
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
    const auto done = unpack_archive(path("a.tar"), path("root"), {limit, 1000, drop_devices}, {});
    return done ? Status() : done.error();
  }
  void expect_refused(const std::vector<Entry>& entries, const std::string& entry, const std::string& why) {
    pack(entries);
    const auto status = unpack();
    ASSERT_FALSE(status) << entry;
    EXPECT_NE(status.error().what.find("'" + entry + "'"), std::string::npos) << status.error().what;
    EXPECT_NE(status.error().what.find(why), std::string::npos) << status.error().what;
    EXPECT_FALSE(std::filesystem::exists(path("escaped")));
  }
};

TEST_F(StoreArchive, Unpacks) {
  pack({{"./", AE_IFDIR, ""},
        {"./bin/", AE_IFDIR, ""},
        {"./bin/sh", AE_IFREG, "shell"},
        {"./bin/bash", AE_IFREG, "./bin/sh", true},
        {"sbin", AE_IFLNK, "usr/../bin"},
        {"usr/share/x/abs", AE_IFLNK, "/etc/../../etc"},
        {"run/fifo", AE_IFIFO, ""}});
  const auto status = unpack();
  ASSERT_TRUE(status) << status.error().what;
  EXPECT_EQ(read("root/bin/sh"), "shell");
  struct stat one {
  }, two{};
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
  ASSERT_EQ(std::system(("cd " + directory() +
                         " && python3 -c '"
                         "import io, tarfile\n"
                         "with tarfile.open(\"a.tar\", \"w\", format=tarfile.PAX_FORMAT) as out:\n"
                         "  for name, kind in ((\"a\", b\"0\"), (\"b\", b\"1\")):\n"
                         "    one = tarfile.TarInfo(name)\n"
                         "    one.type, one.linkname, one.size = kind, \"a\" * (kind == b\"1\"), 600\n"
                         "    one.pax_headers = {\"comment\": \"pax\"}\n"
                         "    out.addfile(one, io.BytesIO(b\"x\" * 600))\n'")
                            .c_str()),
            0);
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
  EXPECT_NE(status.error().what.find("more than 255 directories"), std::string::npos) << status.error().what;
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

// The name of a file below 17 directories with names of 250 bytes: longer than PATH_MAX.
std::string deep_name() {
  std::string name;
  for (int i = 10; i < 27; ++i) name += "d" + std::to_string(i) + std::string(247, 'x') + "/";
  return name + "x";
}

TEST_F(StoreArchive, NothingIsWrittenPastTheLongestPath) {
  std::filesystem::create_directory(path("outside"));
  expect_refused({{"s", AE_IFLNK, path("outside")},
                  {deep_name(), AE_IFREG, "s", true},
                  {deep_name() + "/file", AE_IFREG, "out"}},
                 deep_name().substr(0, 80) + "...", "has a name of 42");
  EXPECT_TRUE(std::filesystem::is_empty(path("outside")));
  pack({{deep_name(), AE_IFREG, "x"}});
  EXPECT_FALSE(unpack());
}

TEST_F(StoreArchive, HardLinksLeadToFilesOfTheArchive) {
  std::filesystem::create_directory(path("outside"));
  write("outside/program", "x");
  ASSERT_EQ(::chmod(path("outside/program").c_str(), 0700), 0);
  const std::vector<std::vector<Entry>> bad{
      {{"l", AE_IFLNK, path("outside/program")}, {"h", AE_IFREG, "l", true}},
      {{"l", AE_IFLNK, path("outside")}, {"h", AE_IFREG, "l", true}, {"h/new", AE_IFREG, "x"}},
      {{"l", AE_IFLNK, "nowhere"}, {"h", AE_IFREG, "l", true}},
      {{"d/", AE_IFDIR, ""}, {"h", AE_IFREG, "d", true}},
      {{"f", AE_IFIFO, ""}, {"h", AE_IFREG, "f", true}},
      {{"h", AE_IFREG, "later", true}, {"later", AE_IFREG, "x"}},
      {{"h", AE_IFREG, "h", true}},
      {{"a", AE_IFREG, "x"}, {"a", AE_IFLNK, path("outside/program")}, {"h", AE_IFREG, "a", true}},
      {{"h", AE_IFREG, "etc/passwd", true}}};
  for (const auto& entries : bad) {
    pack(entries);
    const auto status = unpack();
    ASSERT_FALSE(status) << entries.front().name;
    EXPECT_NE(status.error().what.find("'h"), std::string::npos) << status.error().what;
    struct stat info {};
    ASSERT_EQ(::stat(path("outside/program").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0700u);
    EXPECT_EQ(read("outside/program"), "x");
    EXPECT_FALSE(std::filesystem::exists(path("outside/new")));
  }
  pack({{"./usr/a", AE_IFREG, "x"}, {"usr//b", AE_IFREG, "usr/a", true}, {"c", AE_IFREG, "./usr/b", true}});
  const auto status = unpack();
  ASSERT_TRUE(status) << status.error().what;
  EXPECT_EQ(read("root/c"), "x");
}

TEST_F(StoreArchive, AttributesOfAnotherSystemAreLeftOut) {
  auto* out = ::archive_write_new();
  ::archive_write_set_format_pax(out);
  ASSERT_EQ(::archive_write_open_filename(out, path("a.tar").c_str()), ARCHIVE_OK);
  for (const char* name : {"x", "y"}) {
    auto* entry = ::archive_entry_new();
    ::archive_entry_set_pathname(entry, name);
    ::archive_entry_set_filetype(entry, AE_IFREG);
    ::archive_entry_set_perm(entry, 0644);
    for (const char* attribute : {"trusted.overlay.opaque", "system.nfs4_acl", "user.kept"})
      ::archive_entry_xattr_add_entry(entry, attribute, "v", 1);
    ASSERT_EQ(::archive_write_header(out, entry), ARCHIVE_OK);
    ::archive_entry_free(entry);
  }
  ::archive_write_close(out);
  ::archive_write_free(out);
  std::filesystem::create_directory(path("root"));
  const auto notes = unpack_archive(path("a.tar"), path("root"), {1000, 1000, false}, {});
  ASSERT_TRUE(notes) << notes.error().what;
  ASSERT_EQ(notes->size(), 2u);
  EXPECT_NE((*notes)[0].find("'system.nfs4_acl' was left out of 2 entries"), std::string::npos)
      << (*notes)[0];
  EXPECT_NE((*notes)[1].find("'trusted.overlay.opaque'"), std::string::npos) << (*notes)[1];
  char value[8];
  EXPECT_EQ(::lgetxattr(path("root/x").c_str(), "user.kept", value, sizeof value), 1);
  EXPECT_LT(::lgetxattr(path("root/x").c_str(), "trusted.overlay.opaque", value, sizeof value), 0);
}

TEST_F(StoreArchive, CanBeStopped) {
  pack({{"a", AE_IFREG, "x"}});
  std::filesystem::create_directory(path("root"));
  const auto status = unpack_archive(path("a.tar"), path("root"), {1000, 1000, false},
                                     [](std::uint64_t, std::uint64_t) { return false; });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, EINTR);
}

}  // namespace
}  // namespace chos::test
