// SPDX-License-Identifier: BSD-3-Clause
// Trees that others than root could change, that give rights, or that no user gets into.
#include <sys/sysmacros.h>

#include "allowlist/allowlist.h"
#include "manage/os_manager_fixture.h"
#include "report/doctor.h"

namespace chos::test {
namespace {

class UnsafeTree : public OsManagerTest {
 protected:
  std::string tree;
  BuildOptions options;

  void SetUp() override {
    OsManagerTest::SetUp();
    tree = top + "/source/one";
  }
  void own(const std::string& file, mode_t mode, uid_t uid) {
    ASSERT_EQ(::chown((tree + file).c_str(), uid, 0), 0) << file;
    ASSERT_EQ(::chmod((tree + file).c_str(), mode), 0) << file;
  }
  // As an archive of a careless maker has them.
  void make_writable() {
    make_directories(tree + "/lib/private");
    for (const char* file : {"/lib/private/libnss_files.so.2", "/etc/ld.so.preload", "/bin/tool"})
      write_text(tree + file, "code");
    own("/lib/private", 0777, 1000);
    own("/lib/private/libnss_files.so.2", 0666, 1000);
    own("/etc/ld.so.preload", 0666, 1000);
    own("/bin/tool", 0777, 0);
  }
  void pack() { ASSERT_EQ(std::system(("tar -C " + tree + " -cf " + archive("one") + " .").c_str()), 0); }
  Result<TreeRecord> add_one(const std::string& text = "") {
    pack();
    const auto from = text.empty() ? Result<Source>(source("one")) : parse_source(text);
    EXPECT_TRUE(from);
    return keep([&](OsManager& k) { return k.add("os", *from, options, ""); });
  }
  Error refused(const std::string& text = "") {
    const auto added = add_one(text);
    EXPECT_FALSE(added);
    EXPECT_EQ(list(), "# ours\n");
    EXPECT_EQ(trees(), Names{});
    expect_tidy();
    return added ? Error{} : added.error();
  }
};

const std::string four =
    "the tree is not fit for use: others than root can change 4 files and directories that are executed, linked or "
    "read as configuration: /bin/tool (everybody), /etc/ld.so.preload (uid 1000, everybody), /lib/private (uid 1000, "
    "everybody) and /lib/private/libnss_files.so.2 (uid 1000, everybody)";

TEST_F(UnsafeTree, IsRefusedWhereverItComesFrom) {
  make_writable();
  const auto error = refused();
  EXPECT_EQ(error.what, four);
  EXPECT_TRUE(error.remedy.ends_with("; to publish the tree as it is: --allow-writable")) << error.remedy;
  EXPECT_TRUE(error.remedy.starts_with("in the source: chown root /etc/ld.so.preload /lib/private "))
      << error.remedy;
  EXPECT_EQ(refused("dir:" + tree).what, four);
  const std::string image = top + "/image";
  if (std::system(("mksquashfs " + tree + " " + image + " -quiet -no-progress >/dev/null 2>&1").c_str()) ==
      0) {
    const auto refused_image = refused("image:" + image);
    if (refused_image.code == ENOEXEC) {
      EXPECT_EQ(refused_image.what, four);
    }
  }
}

TEST_F(UnsafeTree, IsPublishedIfTheAdministratorSaysSo) {
  make_writable();
  options.allow_writable = true;
  const auto record = add_one();
  ASSERT_TRUE(record) << record.error().what;
  ASSERT_EQ(progress.notes.size(), 1U) << joined(progress.notes);
  EXPECT_TRUE(progress.notes.front().starts_with("the tree: others than root can change 4 "));
  const auto kept = store().records();
  ASSERT_TRUE(kept);
  EXPECT_EQ(words_of(kept->front().options), Names{"--allow-writable"});
  EXPECT_EQ(kept->front().writable.files(), record->writable.files());
  EXPECT_EQ(kept->front().writable.count(), 4U);
  EXPECT_EQ(kept->front().writable.files().front(), (ListedFile{"/bin/tool", "everybody"}));
  // With the same options, as `replace` without a SOURCE does.
  const auto recipe = keep([](OsManager& k) { return k.recipe("os"); });
  ASSERT_TRUE(recipe);
  const auto again = keep([&](OsManager& k) { return k.replace("os", recipe->source, recipe->options); });
  EXPECT_TRUE(again) << again.error().what;
  const auto without = replace("os", "one");
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().what, four);
}

TEST_F(UnsafeTree, WithDirectoriesThatNoUserGetsPast) {
  own("/usr", 0700, 0);
  auto error = refused();
  EXPECT_EQ(error.what, "the tree is not fit for use: no user can get past /usr (mode 0700)");
  EXPECT_EQ(error.remedy, "in the source: chmod a+rx /usr");
  own("/usr", 0755, 0);
  own("/", 0700, 0);
  error = refused();
  EXPECT_EQ(error.what, "the tree is not fit for use: no user can get past / (mode 0700)");
  EXPECT_EQ(error.remedy, "in the source: chmod a+rx /");
  own("/", 0755, 0);
  own("/bin/sh", 0700, 0);
  EXPECT_EQ(refused().what, "the tree is not fit for use: only root can run its /bin/sh");
}

// A program of the tree cannot act on the terminal of an administrator by its name.
TEST_F(UnsafeTree, NamesAreSafeToPrint) {
  const std::string name = "/bin/\x1b[31mred";
  write_text(tree + name, "x");
  own(name, 0777, 0);
  const auto error = refused();
  EXPECT_EQ(error.what.find('\x1b'), std::string::npos);
  EXPECT_NE(error.what.find("/bin/?[31mred (everybody)"), std::string::npos) << error.what;
}

// Else one record exceeded what is read, and with it no record was read any more.
TEST_F(UnsafeTree, ManySetuidProgramsWithLongNamesFitIntoARecord) {
  std::string deep = tree + "/opt";
  make_directories(deep);
  for (int i = 0; i < 13; ++i) {
    deep += "/" + std::string(250, 'd');
    ASSERT_EQ(::mkdir(deep.c_str(), 0755), 0);
  }
  constexpr int programs = 5200;
  for (int i = 0; i < programs; ++i)
    ASSERT_EQ(::mknod((deep + "/s" + std::to_string(i)).c_str(), S_IFREG | 04755, 0), 0);
  for (int i = 0; i < programs; ++i) ASSERT_EQ(::chmod((deep + "/s" + std::to_string(i)).c_str(), 04755), 0);
  const auto record = add_one();
  ASSERT_TRUE(record) << record.error().what;
  const auto records = store().records();
  ASSERT_TRUE(records) << records.error().what;
  EXPECT_EQ(records->front().privileged.count(), static_cast<unsigned>(programs));
  EXPECT_LT(records->front().privileged.files().size(), 100U);
}

// In which the farm would show setuid programs and devices: they are recorded.
TEST_F(UnsafeTree, ItsDevicesAreRecorded) {
  make_directories(tree + "/dev");
  ASSERT_EQ(::mknod((tree + "/dev/null").c_str(), S_IFCHR | 0666, makedev(1, 3)), 0);
  ASSERT_EQ(::mknod((tree + "/etc/disk").c_str(), S_IFBLK | 0666, makedev(8, 0)), 0);
  ASSERT_TRUE(add_one("dir:" + tree));
  const auto records = store().records();
  ASSERT_TRUE(records);
  EXPECT_EQ(records->front().devices.files(), (std::vector<ListedFile>{{"/etc/disk", "block 8:0"}}));
}

}  // namespace
}  // namespace chos::test
