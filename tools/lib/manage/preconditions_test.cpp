// SPDX-License-Identifier: BSD-3-Clause
// What is no OS, or none that can be made of that source with these options.
#include <sys/sysmacros.h>

#include <cstddef>
#include <fstream>

#include "elf_file.h"
#include "manage/os_manager_fixture.h"

namespace chos::test {
namespace {

class Unfit : public OsManagerTest {
 protected:
  const std::string says = "the tree is not fit for use: ";
  std::string unfit;

  void SetUp() override {
    OsManagerTest::SetUp();
    unfit = top + "/source/unfit";
  }
  // A sound tree, spoilt.
  Result<TreeRecord> add_spoilt(const std::function<void()>& spoil) {
    fs::remove_all(unfit);
    fs::copy(top + "/source/two", unfit, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
    spoil();
    EXPECT_EQ(std::system(("tar -C " + unfit + " -cf " + archive("unfit") + " .").c_str()), 0);
    return add("two", "unfit");
  }
  Error refused(const std::function<void()>& spoil) {
    const auto added = add_spoilt(spoil);
    EXPECT_FALSE(added);
    expect_nothing();
    return added ? Error{"added", "", 0} : added.error();
  }
  void expect_nothing() const {
    EXPECT_EQ(list(), "# ours\n");
    EXPECT_EQ(trees(), Names{});
    expect_tidy();
  }
};

TEST_F(Unfit, WithoutAShellThatRuns) {
  EXPECT_TRUE(refused([&] { fs::remove(unfit + "/bin/sh"); }).what.starts_with(says + "it has no /bin/sh"));
  EXPECT_EQ(refused([&] {
              std::fstream shell(unfit + "/bin/sh", std::ios::in | std::ios::out | std::ios::binary);
              shell.seekp(offsetof(Elf64_Ehdr, e_machine)).put(static_cast<char>(EM_AARCH64));
            }).what,
            says + "its programs are for another kind of processor");
  const auto size = fs::file_size(top + "/source/two/bin/sh");
  for (const auto left : {std::uintmax_t{500}, size / 2})
    EXPECT_TRUE(refused([&] {
                  fs::resize_file(unfit + "/bin/sh", left);
                }).what.starts_with(says + "its /bin/sh is not a program: "));
  const auto script = [&](const char* first) {
    write_text(unfit + "/bin/sh", std::string(first) + "\n", 0755);
  };
  EXPECT_EQ(refused([&] { script("#! /bin/busybox sh"); }).what,
            says + "its /bin/sh is a script for '/bin/busybox', which it does not have");
  const auto added = add_spoilt([&] {
    fs::copy_file(unfit + "/bin/sh", unfit + "/bin/dash");
    script("#!/bin/dash");
  });
  EXPECT_TRUE(added) << added.error().what;
}

TEST_F(Unfit, WithALibcThatIsTooNew) {
  const auto error = refused([&] {
    make_directories(unfit + "/usr/lib64");
    write_text(unfit + "/usr/lib64/libc.so.6", elf_with_note(99, 2, 0));
  });
  EXPECT_TRUE(error.what.starts_with(says + "its libc needs a kernel >= 99.2")) << error.what;
  EXPECT_NE(error.remedy.find("older libc"), std::string::npos) << error.remedy;
}

// What was unpacked is gone when it is read.
TEST_F(Unfit, FilesAreNamedAsTheSourceHasThem) {
  const std::string one =
      says +
      "others than root can change 1 file or directory that is executed, linked or read as "
      "configuration: ";
  const auto error = refused([&] { fs::permissions(unfit + "/usr/bin", fs::perms::all); });
  EXPECT_EQ(error.what, one + "/usr/bin (everybody)");
  EXPECT_EQ(error.remedy,
            "in the source: chmod go-w /usr/bin; to publish the tree as it is: --allow-writable");
  EXPECT_EQ(refused([&] { fs::permissions(unfit, fs::perms::all); }).what, one + "/ (everybody)");
}

TEST_F(Unfit, WhatIsOnlyDoubtfulIsSaid) {
  ASSERT_TRUE(add_spoilt([&] { ASSERT_EQ(::mknod((unfit + "/etc/odd").c_str(), S_IFIFO | 0666, 0), 0); }));
  EXPECT_EQ(progress.notes, Names{});
  const auto dir = parse_source("dir:" + unfit);
  ASSERT_EQ(::mknod((unfit + "/etc/device").c_str(), S_IFCHR | 0600, makedev(1, 3)), 0);
  ASSERT_TRUE(keep([&](OsManager& k) { return k.add("far", *dir, {}, ""); }));
  EXPECT_EQ(progress.notes, Names{"the tree: it has 1 device node: /etc/device (char 1:3)"});
}

TEST_F(Unfit, AnEmptyDirectory) {
  make_directories(node.config.trees + "/x");
  const auto dir = parse_source("dir:" + node.config.trees + "/x");
  const auto added = keep([&](OsManager& k) { return k.add("x", *dir, {}, ""); });
  ASSERT_FALSE(added);
  EXPECT_NE(added.error().what.find("the directory is empty"), std::string::npos) << added.error().what;
  EXPECT_EQ(added.error().remedy, "is the source complete?");
}

// Whoever owns a directory above the tree could put another tree there.
TEST_F(Unfit, ADirectoryThatOthersCouldReplace) {
  const std::string site = top + "/site";
  make_usable_tree(site + "/group/os", "os");
  ASSERT_EQ(::symlink((site + "/group").c_str(), (top + "/link").c_str()), 0);
  const auto add_from = [&](const std::string& path) {
    const auto dir = parse_source("dir:" + path);
    return keep([&](OsManager& k) { return k.add("x", *dir, {}, ""); });
  };
  for (const auto& [directory, uid, mode] :
       {std::tuple{site, uid_t{1000}, mode_t{0755}}, std::tuple{site + "/group", uid_t{0}, mode_t{01777}},
        std::tuple{site + "/group", uid_t{0}, mode_t{0757}}}) {
    ASSERT_EQ(::chown(directory.c_str(), uid, 0), 0);
    ASSERT_EQ(::chmod(directory.c_str(), mode), 0);
    for (const auto& path : {site + "/group/os", top + "/link/os"}) {
      const auto added = add_from(path);
      ASSERT_FALSE(added) << path;
      EXPECT_NE(added.error().what.find("may write in '" + directory + "'"), std::string::npos)
          << added.error().what;
    }
    ASSERT_EQ(::chown(directory.c_str(), 0, 0), 0);
    ASSERT_EQ(::chmod(directory.c_str(), 0755), 0);
  }
  expect_nothing();
  EXPECT_TRUE(add_from(top + "/link/os"));
}

TEST_F(Unfit, WhatIsOfAnotherKindIsNoDamagedArchive) {
  write_text(archive("none"), std::string(4096, 'x'));
  const auto none = add("x", "none");
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().what.find("is no archive"), std::string::npos) << none.error().what;
  EXPECT_NE(none.error().remedy.find("image:"), std::string::npos) << none.error().remedy;
  for (const char* file : {"manifest.json", "oci-layout"}) {
    fs::remove_all(top + "/container");
    make_directories(top + "/container");
    write_text(top + "/container/" + file, "{}");
    ASSERT_EQ(std::system(("tar -C " + top + "/container -cf " + archive("container") + " .").c_str()), 0);
    const auto container = add("x", "container");
    ASSERT_FALSE(container);
    EXPECT_NE(container.error().what.find("container image"), std::string::npos) << container.error().what;
    EXPECT_EQ(container.error().remedy, "use oci:" + archive("container"));
  }
  expect_nothing();
}

TEST_F(Unfit, OptionsThatMeanNothingToTheSource) {
  const auto add_with = [&](const BuildOptions& options) {
    const auto added = keep([&](OsManager& k) { return k.add("x", source("one"), options, ""); });
    EXPECT_TRUE(added || progress.stages.empty());
    return added ? "" : added.error().what;
  };
  const std::string rest = " does not apply to the source 'tar:" + archive("one") + "'";
  BuildOptions options;
  options.include = {"gcc"};
  EXPECT_EQ(add_with(options), "--include" + rest);
  options = {};
  options.mirrors = {"file:/x"};
  EXPECT_EQ(add_with(options), "--mirror" + rest);
  options = {};
  options.releasever = "9";
  EXPECT_EQ(add_with(options), "--releasever" + rest);
  options = {};
  options.drop_devices = true;
  options.max_size = 1 << 30;
  EXPECT_EQ(add_with(options), "");
  ASSERT_TRUE(remove("x"));
  expect_nothing();
}

// Nothing is made first.
TEST_F(Unfit, AGroupThatIsNotThere) {
  const auto added = add("x", "one", "groups=there-is-none");
  ASSERT_FALSE(added);
  EXPECT_NE(added.error().what.find("'there-is-none'"), std::string::npos) << added.error().what;
  EXPECT_NE(added.error().remedy.find("--group"), std::string::npos) << added.error().remedy;
  EXPECT_EQ(progress.stages, Names{});
  expect_nothing();
}

}  // namespace
}  // namespace chos::test
