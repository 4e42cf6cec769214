// SPDX-License-Identifier: BSD-3-Clause
// Trees in which users have made, or still make, what is hard to remove.
#include "store/remove_tree.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <functional>

#include "deep_chain.h"
#include "scratch.h"

namespace chos::test {
namespace {

namespace fs = std::filesystem;

constexpr uid_t nobody = 65534;

class RemoveTree : public Scratch {
 protected:
  void SetUp() override {
    if (::geteuid() != 0 || ::unshare(CLONE_NEWNS) != 0)
      GTEST_SKIP() << "only root can make a mount namespace";
    ASSERT_EQ(::mount(nullptr, "/", nullptr, MS_PRIVATE | MS_REC, nullptr), 0);
    Scratch::SetUp();
    ASSERT_EQ(::mount("tmpfs", directory().c_str(), "tmpfs", 0, "mode=755"), 0);
    tree = path("tree");
    fs::create_directories(tree + "/var/tmp");
    ASSERT_EQ(::chmod((tree + "/var/tmp").c_str(), 01777), 0);
  }
  void TearDown() override {
    if (!directory().empty()) ::umount2(directory().c_str(), MNT_DETACH);
    Scratch::TearDown();
  }

  // A user's process whose working directory is a new one in the tree.  It goes on until a call fails.
  pid_t start_user(const std::function<bool(unsigned number)>& act) const {
    const std::string own = tree + "/var/tmp/own";
    const pid_t child = ::fork();
    if (child != 0) {
      while (::access((own + "/0").c_str(), F_OK) != 0) ::usleep(1000);
      return child;
    }
    if (::setgid(nobody) != 0 || ::setuid(nobody) != 0) ::_exit(2);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // after setuid(), which clears it
    if (::mkdir(own.c_str(), 0755) != 0 || ::chdir(own.c_str()) != 0) ::_exit(3);
    for (unsigned number = 0; act(number); ++number) {}
    ::_exit(0);
  }
  static void end(pid_t child) {
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
  // Lets a removal go on for some seconds.
  static RemoveProgress for_seconds(int seconds) {
    return [until = std::chrono::steady_clock::now() + std::chrono::seconds(seconds)](std::uint64_t) {
      return std::chrono::steady_clock::now() < until;
    };
  }

  std::string tree;
};

TEST_F(RemoveTree, WithMoreLevelsThanDescriptors) {
  ASSERT_TRUE(make_chain(tree + "/var/tmp", 3000));
  // A name that the removal may want.
  fs::create_directories(tree + "/.chos-rest-" + std::to_string(::getpid()) + "-1/full");
  const FewDescriptors few(64);
  const auto status = remove_tree(tree);
  EXPECT_TRUE(status) << status.error().what;
  EXPECT_FALSE(fs::exists(tree));
}

TEST_F(RemoveTree, WithSideBranchesOnEachLevel) {
  std::string deep = tree + "/var/tmp";
  for (int level = 0; level < 60; ++level) {
    fs::create_directories(deep + "/side/more");
    deep += "/d";
    fs::create_directory(deep);
  }
  const FewDescriptors few(32);
  const auto status = remove_tree(tree);
  EXPECT_TRUE(status) << status.error().what;
  EXPECT_FALSE(fs::exists(tree));
}

TEST_F(RemoveTree, FollowsNoLink) {
  fs::create_directories(path("kept/below"));
  write("kept/file", "");
  fs::create_directory_symlink(path("kept"), tree + "/var/tmp/away");
  fs::create_directory_symlink(path("kept"), path("link"));
  EXPECT_TRUE(remove_tree(tree));
  EXPECT_TRUE(remove_tree(path("link")));
  EXPECT_TRUE(fs::exists(path("kept/below")));
  EXPECT_TRUE(fs::exists(path("kept/file")));
  EXPECT_FALSE(fs::is_symlink(path("link")));
  EXPECT_FALSE(fs::exists(tree));
}

TEST_F(RemoveTree, TakesFilesAndWhatIsNotThere) {
  write("file", "");
  EXPECT_TRUE(remove_tree(path("file")));
  EXPECT_FALSE(fs::exists(path("file")));
  EXPECT_TRUE(remove_tree(path("file")));
  EXPECT_TRUE(remove_tree(path("no/file")));
}

TEST_F(RemoveTree, RefusesWhatIsMounted) {
  fs::create_directories(path("home/user"));
  fs::create_directory(tree + "/home");
  // Of the same file system.
  ASSERT_EQ(::mount(path("home").c_str(), (tree + "/home").c_str(), nullptr, MS_BIND, nullptr), 0);
  const auto status = remove_tree(tree);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, EBUSY);
  EXPECT_TRUE(fs::exists(path("home/user")));
  EXPECT_TRUE(fs::exists(tree + "/var/tmp"));
}

TEST_F(RemoveTree, DoesNotEnterWhatIsMountedMeanwhile) {
  fs::create_directories(path("home/user"));
  for (int i = 0; i < 4; ++i) {
    fs::create_directory(tree + "/" + std::to_string(i));
    for (int file = 0; file < 300; ++file)
      write("tree/" + std::to_string(i) + "/" + std::to_string(file), "");
  }
  int mounts = 0;
  const auto status = remove_tree(tree, [&](std::uint64_t) {
    for (int i = 0; mounts < 4 && i < 4; ++i, ++mounts)
      (void)::mount(path("home").c_str(), (tree + "/" + std::to_string(i)).c_str(), nullptr, MS_BIND,
                    nullptr);
    return true;
  });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, EBUSY) << status.error().what;
  EXPECT_TRUE(fs::exists(path("home/user")));
}

TEST_F(RemoveTree, EndsThoughAUserMakesNames) {
  const pid_t user =
      start_user([](unsigned number) { return ::mkdir(std::to_string(number).c_str(), 0755) == 0; });
  ::usleep(200'000);
  const auto status = remove_tree(tree, for_seconds(20));
  EXPECT_TRUE(status) << status.error().what;
  EXPECT_FALSE(fs::exists(tree));
  end(user);
}

// A user may be faster than the removal.
TEST_F(RemoveTree, EndsThoughAUserGoesDeeper) {
  const pid_t user = start_user([](unsigned number) {
    const std::string name = number == 0 ? "0" : "d";
    return number < 200'000 && ::mkdir(name.c_str(), 0755) == 0 && ::chdir(name.c_str()) == 0;
  });
  const auto status = remove_tree(tree, for_seconds(20), 20'000);
  EXPECT_TRUE(status || status.error().code == ELOOP) << status.error().what;
  end(user);
  EXPECT_TRUE(remove_tree(tree));
  EXPECT_FALSE(fs::exists(tree));
}

TEST_F(RemoveTree, GoesNoDeeperThanItMay) {
  ASSERT_TRUE(make_chain(tree + "/var/tmp", 1000));
  const FewDescriptors few(64);
  const auto status = remove_tree(tree, {}, 500);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ELOOP) << status.error().what;
  // What is left is less.
  EXPECT_TRUE(remove_tree(tree, {}, 600));
}

TEST_F(RemoveTree, EndsWhenItIsToldTo) {
  ASSERT_TRUE(make_chain(tree + "/var/tmp", 1000));
  const auto status = remove_tree(tree, [](std::uint64_t removed) { return removed < 300; });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, EINTR) << status.error().what;
  EXPECT_TRUE(fs::exists(tree));
  EXPECT_TRUE(remove_tree(tree));
}

}  // namespace
}  // namespace chos::test
