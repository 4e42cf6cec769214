// SPDX-License-Identifier: BSD-3-Clause
#include "basic/walk.h"

#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>

#include "basic/files.h"
#include "scratch.h"

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
TEST_F(Walk, DeepTreesAreWalkedAndDeeperOnesRefused) {
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
  const auto refused = walk();
  EXPECT_FALSE(refused);
  if (!refused) {
    EXPECT_EQ(refused.error().code, ELOOP);
  }
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

}  // namespace
}  // namespace chos::test
