// SPDX-License-Identifier: BSD-3-Clause
// A user who owns a directory of a tree puts a symbolic link in its place while root works in the tree.  No
// mount of the base OS may come or go by that.
#include <sys/resource.h>
#include <sys/syscall.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <thread>

#include "layer_fixture.h"
#include "tree/layer.h"

namespace chos::test {
namespace {

// Calls `act` once, after the step `at`.
class ActAfter : public Recorder {
 public:
  ActAfter(std::string at, std::function<void()> act) : at_(std::move(at)), act_(std::move(act)) {}
  void step(const std::string& name, bool did, const std::string& detail) override {
    Recorder::step(name, did, detail);
    if (name != at_ || !act_) return;
    act_();
    act_ = nullptr;
  }

 private:
  std::string at_;
  std::function<void()> act_;
};

// /mnt of the tree belongs to a user.  The link leads to a directory of the base OS that has the same names,
// each of them a mount.
class SwappedTree : public LayerNode {
 protected:
  void SetUp() override {
    LayerNode::SetUp();
    if (IsSkipped()) return;
    const std::string victim = top + "/victim";
    for (const char* directory : {"", "/site", "/site/spool"}) {
      make_directories(victim + directory);
      mount_tmpfs(victim + directory);
    }
    for (const char* file : {"/site/file", "/site/nsswitch.conf", "/site/env"}) {
      write_text(victim + file, "the victim's\n");
      ASSERT_EQ(::mount((victim + file).c_str(), (victim + file).c_str(), nullptr, MS_BIND, nullptr), 0);
    }
    ASSERT_EQ(::symlink(victim.c_str(), (tree("trixie") + "/.link").c_str()), 0);
  }

  void swap() const {
    const std::string one = tree("trixie") + "/mnt", two = tree("trixie") + "/.link";
    (void)::syscall(SYS_renameat2, AT_FDCWD, one.c_str(), AT_FDCWD, two.c_str(), 2U /* RENAME_EXCHANGE */);
  }

  // All mounts of the base OS.
  std::vector<std::string> base_mounts() const {
    auto mounts = all_mounts();
    std::erase_if(mounts, [this](const std::string& line) { return line.starts_with(farm("")); });
    return mounts;
  }

  // Swaps after the step `at`, and makes the last step fail, so that all is rolled back.
  void fails_after_a_swap(const std::string& at) {
    const auto before = base_mounts();
    const std::string valid = top + "/kernel/valid";
    ASSERT_EQ(::rename(valid.c_str(), (top + "/kernel/v").c_str()), 0);
    bool swapped = false;
    ActAfter swapping(at, [&] {
      swap();
      swapped = true;
    });
    EXPECT_FALSE(mounted(farm("")) ? reload(node, swapping) : bring_up(node, swapping));
    ASSERT_EQ(::rename((top + "/kernel/v").c_str(), valid.c_str()), 0);
    EXPECT_TRUE(swapped) << at;
    swap();
    EXPECT_EQ(base_mounts(), before) << "swapped after " << at;
  }
};

TEST_F(SwappedTree, RollbackOfLayersAndShares) {
  const auto before = all_mounts();
  for (const char* step : {"layers", "shared files"}) {
    fails_after_a_swap(step);
    EXPECT_EQ(all_mounts(), before) << step;
  }
}

TEST_F(SwappedTree, RollbackOfReplacedLayers) {
  up();
  const auto before = all_mounts();
  node.config.share.pop_back();
  fails_after_a_swap("layers");
  EXPECT_EQ(all_mounts(), before);
  EXPECT_EQ(read_text(in_os("/mnt/site/spool/job")), "a job\n");
}

TEST_F(SwappedTree, RollbackOfRemovedLayers) {
  up();
  node.config.share.clear();
  fails_after_a_swap("layers");
  // The place of the layer is gone at the moment of the rollback.  The next run makes it again.
  node.config.share = {"/mnt/site/spool", "/mnt/site/file"};
  reloaded();
  EXPECT_EQ(read_text(in_os("/mnt/site/spool/job")), "a job\n");
  EXPECT_EQ(read_text(in_os("/mnt/site/file")), "the base's\n");
}

TEST_F(SwappedTree, RollbackOfSharesOverFilesOfTheTree) {
  make_directories(tree("trixie") + "/mnt/site/spool");
  write_text(tree("trixie") + "/mnt/site/file", "the tree's\n");
  const auto before = all_mounts();
  fails_after_a_swap("shared files");
  EXPECT_EQ(all_mounts(), before);
}

TEST_F(SwappedTree, RollbackOfNsswitch) {
  node.config.share.clear();
  write_text(node.nsswitch, "passwd: files sss\n");
  // /etc leads into the user's directory.
  std::filesystem::remove_all(tree("trixie") + "/etc");
  ASSERT_EQ(::symlink("mnt/site", (tree("trixie") + "/etc").c_str()), 0);
  write_text(tree("trixie") + "/mnt/site/nsswitch.conf", "passwd: files nis\n");
  const auto before = all_mounts();
  fails_after_a_swap("nsswitch");
  EXPECT_EQ(all_mounts(), before);
  up();
  const auto with_first = all_mounts();
  write_text(node.nsswitch, "passwd: files\ngroup: files\n");
  fails_after_a_swap("nsswitch");
  EXPECT_EQ(all_mounts(), with_first);
  node.config.nsswitch = false;
  fails_after_a_swap("nsswitch");
}

TEST_F(SwappedTree, RollbackOfCovers) {
  node.config.share.clear();
  node.config.os_commands["trixie"] = {"env"};
  make_directories(tree("trixie") + "/usr");
  ASSERT_EQ(::symlink("../mnt/site", (tree("trixie") + "/usr/bin").c_str()), 0);
  write_text(tree("trixie") + "/mnt/site/env", "its own\n", 0755);
  const auto before = all_mounts();
  fails_after_a_swap("base commands");
  EXPECT_EQ(all_mounts(), before);
  up();
  node.config.os_commands.clear();
  fails_after_a_swap("base commands");
}

// What a user has in a directory of their own is not shown at the place of another one.
TEST_F(SwappedTree, ALayerIsMountedOnItsOwnDirectoryOnly) {
  up();
  Transaction changes;
  make_directories(tree("sl6") + "/mine/bin");
  make_directories(tree("sl6") + "/usr/bin");
  for (const char* name : {"/mine/bin/su", "/usr/bin/su"}) write_text(tree("sl6") + name, name);
  const UniqueFd own(::open(tree("sl6").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  const UniqueFd in_farm(::open(in_os("", "sl6").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  const auto plan = plan_layers(own.get(), {{Addition::Kind::link, "/mine/bin/chos", "/local/chos"}});
  ASSERT_EQ(plan.layers.size(), 1U);
  auto mounts = LayerMounts::read(node.layers, changes);
  ASSERT_TRUE(mounts);
  const auto before = all_mounts();
  const auto moved = tree("sl6") + "/moved";
  ASSERT_EQ(::rename((tree("sl6") + "/mine").c_str(), moved.c_str()), 0);
  for (const char* other : {"usr", "/usr"}) {
    ASSERT_EQ(::symlink(other, (tree("sl6") + "/mine").c_str()), 0);
    EXPECT_FALSE(mounts->show(in_farm.get(), plan.layers.front(), 0)) << other;
    ASSERT_EQ(::unlink((tree("sl6") + "/mine").c_str()), 0);
  }
  ASSERT_EQ(::rename((tree("sl6") + "/usr").c_str(), (tree("sl6") + "/mine").c_str()), 0);
  EXPECT_FALSE(mounts->show(in_farm.get(), plan.layers.front(), 0)) << "another directory";
  EXPECT_EQ(all_mounts(), before);
  EXPECT_EQ(changes.size(), 0U);
}

// Each mount that is made stays open until all is done.
TEST_F(SwappedTree, ManyTreesNeedManyDescriptors) {
  std::string list;
  for (int i = 0; i < 100; ++i) {
    const std::string name = "os" + std::to_string(i);
    make_directories(tree(name) + "/mnt/site");
    list += name + ":/os/" + name + "\n";
  }
  write_text(top + "/list", list);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit few{128, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  up();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(read_text(in_os("/mnt/site/spool/job", "os99")), "a job\n");
}

// Swaps at all moments.
TEST_F(SwappedTree, ReloadsDuringSwaps) {
  const auto shares = node.config.share;
  node.config.share.clear();
  up();
  const auto before = base_mounts();
  std::atomic<bool> stop = false;
  std::thread user([&] {
    while (!stop) swap();
  });
  int turns = 0;
  for (; turns < 150 && base_mounts() == before; ++turns) {
    node.config.share = turns % 2 == 0 ? shares : std::vector<std::string>{};
    Recorder quiet;
    (void)reload(node, quiet);
  }
  stop = true;
  user.join();
  EXPECT_EQ(base_mounts(), before) << "after " << turns << " reloads";
}

// A mount that cannot be found for a moment does not stay without nosuid in an OS that is open.
TEST_F(SwappedTree, FlagsAreSetDuringSwaps) {
  node.config.share.clear();
  const std::string inner = tree("trixie") + "/mnt/site/inner";
  make_directories(inner);
  up();
  for (int turn = 0; turn < 40; ++turn) {
    mount_tmpfs(inner);
    set_kernel_file("valid", "");
    std::atomic<bool> stop = false;
    std::thread user([&] {
      while (!stop) swap();
    });
    Recorder quiet;
    EXPECT_TRUE(reload(node, quiet)) << joined(quiet.failures);
    stop = true;
    user.join();
    struct stat info {};
    ASSERT_EQ(::lstat((tree("trixie") + "/mnt").c_str(), &info), 0);
    if (S_ISLNK(info.st_mode)) swap();
    const bool closed = read_text(top + "/kernel/valid").starts_with("trixie:/os/trixie:closed");
    EXPECT_TRUE(closed || (flags_at(in_os("/mnt/site/inner")) & mount_nosuid) != 0) << "turn " << turn;
    ASSERT_EQ(::umount2(inner.c_str(), MNT_DETACH), 0);
  }
}

}  // namespace
}  // namespace chos::test
