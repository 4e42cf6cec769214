// SPDX-License-Identifier: BSD-3-Clause
#include "basic/walk.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>

#include "basic/child_work.h"
#include "basic/files.h"
#include "scratch.h"
#include "silent_fuse.h"

namespace chos::test {
namespace {

class Walk : public Scratch {
 protected:
  using Names = std::vector<std::string>;

  WalkVisit visit = [this](const WalkEntry& entry) -> Result<Below> {
    seen.push_back(entry.path);
    return Below::walk;
  };
  WalkFailure failed = [this](const std::string& path, int why) -> Status {
    failures.push_back(path + ": " + std::to_string(why));
    return {};
  };
  Names seen, failures;

  Status walk() {
    const UniqueFd root(::open(directory().c_str(), O_PATH | O_CLOEXEC));
    auto status = walk_tree(root.get(), visit, failed);
    std::sort(seen.begin(), seen.end());
    return status;
  }
};

TEST_F(Walk, VisitsEverythingAndFollowsNothing) {
  std::filesystem::create_directories(path("a/b"));
  write("a/b/file", "");
  std::filesystem::create_symlink("/etc", path("a/away"));
  std::filesystem::create_symlink("b", path("a/link"));
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0644), 0);
  ASSERT_TRUE(walk());
  EXPECT_EQ(seen, (Names{"/", "/a", "/a/away", "/a/b", "/a/b/file", "/a/link", "/fifo"}));
  EXPECT_EQ(failures, Names{});
}

TEST_F(Walk, EndsWhereItIsToldTo) {
  std::filesystem::create_directories(path("a/b"));
  std::filesystem::create_directories(path("c/d"));
  visit = [this](const WalkEntry& entry) -> Result<Below> {
    seen.push_back(entry.path);
    return entry.path == "/a" ? Below::skip : Below::walk;
  };
  ASSERT_TRUE(walk());
  EXPECT_EQ(seen, (Names{"/", "/a", "/c", "/c/d"}));
  visit = [](const WalkEntry&) -> Result<Below> { return Error{"enough", "", EINTR}; };
  const auto status = walk();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, EINTR);
}

// The owner of a directory of the tree puts a link there after the walk has seen it.
TEST_F(Walk, ADirectoryThatBecomesALinkLeadsNowhere) {
  std::filesystem::create_directories(path("a/b"));
  write("a/b/file", "");
  std::filesystem::create_directories(path("other/b"));
  write("other/secret", "");
  visit = [this](const WalkEntry& entry) -> Result<Below> {
    seen.push_back(entry.path);
    if (entry.path == "/a") {
      std::filesystem::rename(path("a"), path("moved"));
      std::filesystem::create_symlink("other", path("a"));
    }
    return entry.path == "/other" || entry.path == "/moved" ? Below::skip : Below::walk;
  };
  ASSERT_TRUE(walk());
  EXPECT_EQ(std::count(seen.begin(), seen.end(), "/a/b/file"), 1);
  EXPECT_EQ(std::count(seen.begin(), seen.end(), "/a/secret"), 0);
}

// The path of the file is longer than PATH_MAX.
TEST_F(Walk, DeepTreesAreWalkedAndTooDeepDirectoriesReported) {
  const auto deepen = [this](unsigned levels) {
    UniqueFd at(::open(directory().c_str(), O_PATH | O_CLOEXEC));
    for (unsigned i = 0; i < levels; ++i) {
      const std::string name(100, 'd');
      (void)::mkdirat(at.get(), name.c_str(), 0755);
      at.reset(::openat(at.get(), name.c_str(), O_PATH | O_CLOEXEC));
    }
    ASSERT_TRUE(at);
  };
  deepen(deepest_walk);
  struct rlimit limit {};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  const struct rlimit usual { std::min<rlim_t>(1024, limit.rlim_max), limit.rlim_max };
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &usual), 0);
  write("beside", "");
  std::string deepest;
  for (unsigned i = 0; i < deepest_walk; ++i) deepest += "/" + std::string(100, 'd');
  EXPECT_TRUE(walk());
  EXPECT_EQ(failures, Names{deepest + ": " + std::to_string(ELOOP)});
  EXPECT_EQ(std::count(seen.begin(), seen.end(), "/beside"), 1) << "the walk goes on";
  EXPECT_NE(walk_error(deepest, ELOOP).what.find(deepest), std::string::npos);
  std::filesystem::remove(path("beside"));
  failures.clear();
  seen.clear();
  visit = [this](const WalkEntry& entry) -> Result<Below> {
    seen.push_back(entry.path);
    return entry.depth + 1 < deepest_walk ? Below::walk : Below::skip;
  };
  EXPECT_TRUE(walk());
  EXPECT_EQ(seen.size(), deepest_walk);
  EXPECT_GT(seen.back().size(), 4096U);
  EXPECT_EQ(failures, Names{});
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  ASSERT_EQ(std::system(("rm -rf " + path(std::string(100, 'd'))).c_str()), 0);
}

// Any user may mount a FUSE file system on a directory of their own.
TEST_F(Walk, AsksNoServerOfWhatIsMountedInTheTree) {
  if (::geteuid() != 0 || ::unshare(CLONE_NEWNS) != 0) GTEST_SKIP() << "only root can mount";
  ASSERT_EQ(::mount(nullptr, "/", nullptr, MS_PRIVATE | MS_REC, nullptr), 0);
  for (const char* name : {"closed", "near", "same", "silent", "source"})
    std::filesystem::create_directory(path(name));
  write("source/file", "");
  UniqueFd silent = mount_silent_fuse(path("silent"));
  if (!silent) GTEST_SKIP() << "no /dev/fuse here";
  const UniqueFd closed = mount_silent_fuse(path("closed"), 1000);
  ASSERT_EQ(::mount("near", path("near").c_str(), "tmpfs", 0, "mode=711"), 0);
  write("near/file", "");
  ASSERT_EQ(::mount(path("source").c_str(), path("same").c_str(), nullptr, MS_BIND, nullptr), 0);
  visit = [this](const WalkEntry& entry) -> Result<Below> {
    char mode[16];
    std::snprintf(mode, sizeof mode, " %o", static_cast<unsigned>(entry.info.st_mode));
    seen.push_back(entry.path + (entry.fd < 0 ? " mount" : "") + (entry.path == "/near" ? mode : ""));
    return Below::walk;
  };
  const auto said = do_in_child(
      [&] {
        std::string out = walk() ? "" : "failed\n";
        for (const auto* list : {&seen, &failures})
          for (const auto& line : *list) out += line + "\n";
        return out;
      },
      5);
  silent.reset();
  for (const char* name : {"closed", "near", "same", "silent"})
    EXPECT_EQ(::umount2(path(name).c_str(), MNT_DETACH), 0) << name;
  ASSERT_TRUE(said) << said.error().what;
  EXPECT_EQ(*said,
            "/\n/closed mount\n/near mount 40711\n/same\n/same/file\n/silent mount\n/source\n/source/file\n");
}

}  // namespace
}  // namespace chos::test
