// SPDX-License-Identifier: BSD-3-Clause
// What users can do in a tree neither ends `chosctl os verify` early nor keeps root from removing the OS.
#include <fcntl.h>
#include <signal.h>

#include <cerrno>
#include <cstring>

#include "basic/child_work.h"
#include "basic/files.h"
#include "basic/walk.h"
#include "manage/os_manager_fixture.h"
#include "silent_fuse.h"
#include "store/manifest.h"

namespace chos::test {
namespace {

class Verify : public OsManagerTest {
 protected:
  std::string tree;

  void SetUp() override {
    OsManagerTest::SetUp();
    if (IsSkipped()) return;
    tree = node.config.trees + "/one";
    ASSERT_TRUE(add("one", "one"));
    // After everything else in the tree: is it still looked at?
    write_text(tree + "/zz", "");
  }
  // The differences as lines, or the error; from a child process, since a server might not answer.
  std::string verified() {
    const auto said = do_in_child(
        [this] {
          const auto all = store().records();
          if (!all || all->empty()) return std::string("no record");
          const auto differences = verify_os(store(), all->front(), progress);
          return differences ? joined(*differences) : "error: " + differences.error().what;
        },
        10);
    return said ? *said : said.error().what;
  }
  static bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  }
  // Makes directories in each other, as many as `levels`, and returns the path of the last one.
  static std::string deepen(std::string directory, unsigned levels) {
    for (unsigned i = 0; i < levels; ++i) {
      directory += "/d";
      EXPECT_EQ(::mkdir(directory.c_str(), 0755), 0) << directory;
    }
    return directory;
  }
};

// Opens the file with a lease: whoever opens it now waits, or gets EAGAIN.
UniqueFd leased(const std::string& file) {
  ::signal(SIGIO, SIG_IGN);  // the lease is to be broken
  UniqueFd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  EXPECT_TRUE(fd);
  EXPECT_EQ(::fcntl(fd.get(), F_SETLEASE, F_WRLCK), 0) << std::strerror(errno);
  return fd;
}

TEST_F(Verify, GoesOnPastALeasedFile) {
  const auto known = leased(tree + "/etc/os-release"), fresh = leased(tree + "/etc/new");
  EXPECT_EQ(verified(),
            "/etc/new: added, cannot be read\n/etc/os-release: content cannot be read now\n/zz: added\n");
}

TEST_F(Verify, GoesOnPastADirectoryThatIsTooDeep) {
  make_directories(tree + "/var/tmp");
  const std::string deepest = deepen(tree + "/var/tmp", deepest_walk - 2 + 40);
  const std::string last = deepest.substr(tree.size(), deepest.size() - tree.size() - std::size_t{2} * 40);
  const std::string said = verified();
  EXPECT_TRUE(
      has(said, "\n" + last + ": added, too many directories above it, so what it holds cannot be read\n"))
      << said;
  EXPECT_FALSE(has(said, last + "/d")) << said;
  EXPECT_TRUE(has(said, "\n/zz: added\n")) << said;
}

TEST_F(Verify, GoesOnPastWhatIsMounted) {
  for (const char* name : {"/etc/closed", "/etc/silent"}) make_directories(tree + name);
  UniqueFd silent = mount_silent_fuse(tree + "/etc/silent");
  if (!silent) GTEST_SKIP() << "no /dev/fuse here";
  const UniqueFd closed = mount_silent_fuse(tree + "/etc/closed", 1000);
  const UniqueFd known = mount_silent_fuse(tree + "/usr/bin", 1000);
  EXPECT_EQ(verified(),
            "/etc/closed: added, something is mounted on it\n/etc/silent: added, something is mounted on it\n"
            "/usr/bin: something is mounted on it now\n/zz: added\n");
}

TEST_F(Verify, PublishingNamesWhatCannotBeRead) {
  const std::string source = top + "/source/two";
  const auto dir = parse_source("dir:" + source);
  const auto refused = [&] {
    const auto added = keep([&](OsManager& k) { return k.add("two", *dir, {}, ""); });
    EXPECT_FALSE(added);
    return added ? "" : added.error().what;
  };
  make_directories(source + "/var");
  const std::string deepest = deepen(source + "/var", deepest_walk - 1);
  EXPECT_TRUE(has(refused(), deepest + ": there are more than 256 directories in each other"));
  fs::remove_all(source + "/var");
  {
    const auto lease = leased(source + "/etc/leased");
    EXPECT_TRUE(has(refused(), source + "/etc/leased"));
  }
  // A tree that chosctl makes has nothing mounted in it.
  mount_tmpfs(source + "/usr/bin");
  const auto whole = read_manifest(source, {});
  ASSERT_FALSE(whole);
  EXPECT_TRUE(has(whole.error().what, "mounted on " + source + "/usr/bin")) << whole.error().what;
  // In one that others make it stays out.
  const auto record = keep([&](OsManager& k) { return k.add("two", *dir, {}, ""); });
  ASSERT_TRUE(record) << record.error().what;
  EXPECT_TRUE(has(joined(progress.notes), "1 entries of " + source)) << joined(progress.notes);
  EXPECT_EQ(*verify_os(store(), *record, progress), Names{});
  ASSERT_EQ(::umount2((source + "/usr/bin").c_str(), MNT_DETACH), 0);
  EXPECT_EQ(*verify_os(store(), *record, progress), Names{"/usr/bin: something was mounted on it before"});
}

TEST_F(Verify, AUsersFuseMountDoesNotKeepRootFromRemovingTheOs) {
  const UniqueFd closed = mount_silent_fuse(tree + "/usr/bin", 1000);
  if (!closed) GTEST_SKIP() << "no /dev/fuse here";
  const auto status = remove("one");
  EXPECT_TRUE(status) << status.error().what;
  EXPECT_EQ(trees(), Names{});
  expect_tidy();
}

}  // namespace
}  // namespace chos::test
