// SPDX-License-Identifier: BSD-3-Clause
// Trees that are hard or impossible to remove do not stop changes of their OS.
#include <linux/fs.h>
#include <sys/ioctl.h>

#include "deep_chain.h"
#include "manage/os_manager_fixture.h"

namespace chos::test {
namespace {

class Rubbish : public OsManagerTest {
 protected:
  std::string tree(const std::string& directory) const { return node.config.trees + "/" + directory; }
  std::string work() const { return node.config.trees + "/.chos/work"; }
  auto rollback(const std::string& name) {
    return keep([&](OsManager& k) { return k.rollback(name); });
  }
  auto close(const std::string& name, bool closed) {
    return keep([&](OsManager& k) { return k.set_option(name, "closed", closed); });
  }
  static bool set_immutable(const std::string& directory, bool on) {
    const UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    int flags = 0;
    if (!fd || ::ioctl(fd.get(), FS_IOC_GETFLAGS, &flags) != 0) return false;
    flags = on ? flags | FS_IMMUTABLE_FL : flags & ~FS_IMMUTABLE_FL;
    return ::ioctl(fd.get(), FS_IOC_SETFLAGS, &flags) == 0;
  }
  bool was_noted(const std::string& text) const {
    return joined(progress.notes).find(text) != std::string::npos;
  }
  // Finds the directory "kept" in what was put aside.
  std::string kept() const {
    for (const auto& entry : fs::recursive_directory_iterator(work()))
      if (entry.path().filename() == "kept") return entry.path();
    return "";
  }
};

#define EXPECT_OK(call)                   \
  do {                                    \
    const auto did = call;                \
    EXPECT_TRUE(did) << did.error().what; \
  } while (false)

TEST_F(Rubbish, AChainOfDirectoriesGoes) {
  EXPECT_OK(add("one", "one"));
  make_directories(tree("one/var/tmp"));
  ASSERT_TRUE(make_chain(tree("one/var/tmp"), 3000));
  const FewDescriptors few(64);
  EXPECT_OK(replace("one", "two"));
  EXPECT_OK(replace("one", "three"));
  EXPECT_OK(rollback("one"));
  EXPECT_OK(close("one", true));
  EXPECT_EQ(trees(), (Names{"one~2", "one~3"}));
  expect_tidy();
  make_directories(tree("one~3/var/tmp"));
  ASSERT_TRUE(make_chain(tree("one~3/var/tmp"), 3000));
  EXPECT_OK(remove("one"));
  EXPECT_OK(add("one", "one"));
  EXPECT_FALSE(was_noted(work())) << joined(progress.notes);
  expect_tidy();
}

TEST_F(Rubbish, WhatCannotBeRemovedIsPutAside) {
  EXPECT_OK(add("one", "one"));
  make_directories(tree("one/var/tmp/kept/below"));
  if (!set_immutable(tree("one/var/tmp/kept"), true))
    GTEST_SKIP() << "this kernel's tmpfs has no immutable directories";
  EXPECT_OK(replace("one", "two"));
  EXPECT_OK(replace("one", "three"));
  EXPECT_TRUE(was_noted(work() + "/.one~1")) << joined(progress.notes);
  EXPECT_EQ(trees(), (Names{"one~2", "one~3"}));
  progress.notes.clear();
  EXPECT_OK(rollback("one"));
  EXPECT_OK(close("one", true));
  EXPECT_OK(close("one", false));
  EXPECT_EQ(progress.notes, Names{});
  EXPECT_OK(replace("one", "one"));
  EXPECT_TRUE(was_noted("/.one~1")) << joined(progress.notes);
  EXPECT_OK(remove("one"));
  ASSERT_NE(kept(), "");
  ASSERT_TRUE(set_immutable(kept(), false));
  EXPECT_OK(add("one", "one"));
  expect_tidy();
}

// As an earlier version leaves it: a working directory and a journal.
TEST_F(Rubbish, WhatAnotherRunLeftIsPutAside) {
  EXPECT_OK(add("one", "one"));
  make_directories(work() + "/one/old~7/kept/below");
  write_text(node.config.trees + "/.chos/journal/one", "{\"what\": \"publish\", \"generation\": 1}\n");
  if (!set_immutable(work() + "/one/old~7/kept", true))
    GTEST_SKIP() << "this kernel's tmpfs has no immutable directories";
  EXPECT_OK(close("one", true));
  EXPECT_OK(replace("one", "two"));
  EXPECT_OK(rollback("one"));
  EXPECT_OK(remove("one"));
  EXPECT_TRUE(fs::is_empty(node.config.trees + "/.chos/journal"));
  ASSERT_TRUE(set_immutable(kept(), false));
  EXPECT_OK(add("one", "one"));
  expect_tidy();
}

TEST_F(Rubbish, ASignalEndsTheRemoval) {
  EXPECT_OK(add("one", "one"));
  make_directories(tree("one/var/tmp"));
  ASSERT_TRUE(make_chain(tree("one/var/tmp"), 1000));
  progress.at_stage = [this](const std::string& what) {
    if (what.starts_with("removing the tree")) progress.ticks_left = 0;
  };
  EXPECT_OK(remove("one"));
  EXPECT_TRUE(was_noted("was interrupted")) << joined(progress.notes);
  EXPECT_EQ(trees(), Names{});
  EXPECT_TRUE(exists(work() + "/.one~1"));
  progress.at_stage = {};
  progress.ticks_left = -1;
  EXPECT_OK(add("one", "one"));
  expect_tidy();
}

}  // namespace
}  // namespace chos::test
