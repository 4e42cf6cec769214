// SPDX-License-Identifier: BSD-3-Clause
// Changes of OSs while processes are in them, and what the node goes by.
#include <fcntl.h>
#include <sys/stat.h>

#include <thread>

#include "basic/files.h"
#include "kernel/proc_chos.h"
#include "lifecycle/up.h"
#include "manage/os_manager_fixture.h"

namespace chos::test {
namespace {

TEST_F(OsManagerTest, RefusesToRemoveWhileSomebodyIsInside) {
  ASSERT_TRUE(add("os", "one"));
  node.kernel = ProcChos(top + "/kernel");
  set_kernel_file("processes", "1 os\n");
  EXPECT_EQ(remove("os").error().code, EBUSY);
  EXPECT_EQ(list(), "# ours\nos:/os/os\n");
  EXPECT_EQ(trees(), Names{"os"});
  expect_tidy();
}

// As after `chosctl down --force`.
TEST_F(OsManagerTest, RemovesNothingIfItIsNotKnownWhoIsInside) {
  ASSERT_TRUE(add("os", "one"));
  module.is_loaded = true;
  const auto removed = remove("os");
  ASSERT_FALSE(removed);
  EXPECT_EQ(removed.error().code, EBUSY);
  EXPECT_EQ(removed.error().remedy, "run: chosctl up");
  EXPECT_EQ(list(), "# ours\nos:/os/os\n");
  EXPECT_EQ(trees(), Names{"os"});
  ASSERT_TRUE(replace("os", "two"));
  ASSERT_TRUE(replace("os", "three"));
  EXPECT_EQ(trees(), (Names{"os", "os~2", "os~3"}));
  module.is_loaded = false;
  EXPECT_TRUE(remove("os"));
  expect_tidy();
}

// By a line for the same tree that is not there any more.
TEST_F(OsManagerTest, RefusesToRemoveWhileSomebodyIsInsideByAnotherName) {
  ASSERT_TRUE(add("os", "one"));
  ASSERT_TRUE(replace("os", "two"));
  node.kernel = ProcChos(top + "/kernel");
  for (const char* path : {"/os/os", "/os/os~2"}) {
    set_kernel_file("usage", std::string("1 1 alias ") + path + "\n");
    EXPECT_EQ(remove("os").error().code, EBUSY) << path;
    EXPECT_EQ(list(), "# ours\nos:/os/os~2\n");
    EXPECT_EQ(trees(), (Names{"os", "os~2"}));
  }
  // Nor does the next run, where one that was killed has taken the line away.
  write_text(node.allowlist_file, "# ours\n");
  {
    const auto journal = store().take("os");
    ASSERT_TRUE(store().write_journal("os", {JournalEntry::What::remove, 0}));
  }
  EXPECT_TRUE(recover_all());
  EXPECT_EQ(trees(), (Names{"os", "os~2"}));
  set_kernel_file("usage", "0 1 alias /os/os~2\n1 1 alias /os/other\n");
  EXPECT_TRUE(recover_all());
  EXPECT_EQ(trees(), Names{});
  expect_tidy();
}

// Answers reads of a kernel file one after the other, the last answer for good.
std::thread answer(const std::string& file, std::vector<std::string> answers) {
  const auto put_fifo = [](const std::string& name) { return ::mkfifo(name.c_str(), 0600) == 0; };
  EXPECT_TRUE(put_fifo(file));
  return std::thread([=] {
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const UniqueFd reader(::open(file.c_str(), O_WRONLY | O_CLOEXEC));  // when there is one
      // The next one finds the next answer: a FIFO of its own.
      if (i + 1 < answers.size()) EXPECT_TRUE(put_fifo(file + ".next"));
      else write_text(file + ".next", answers[i]);
      fs::rename(file + ".next", file);
      EXPECT_EQ(::write(reader.get(), answers[i].data(), answers[i].size()),
                static_cast<ssize_t>(answers[i].size()));
    }
  });
}

// fork(2) in another thread of a process that leaves: the child is in the OS a moment later.
TEST_F(OsManagerTest, LooksTwiceBeforeItRemoves) {
  ASSERT_TRUE(add("os", "one"));
  node.kernel = ProcChos(top + "/kernel");
  const std::string none = "0 5 os /os/os\n", one = "1 5 os /os/os\n";
  // Two looks before the line goes from the list, two after that.
  auto kernel = answer(top + "/kernel/usage", {none, none, none, one});
  const auto removed = remove("os");
  EXPECT_EQ(removed.error().code, EBUSY);
  // A manager that looks less often has left some unasked.
  while (read_text(top + "/kernel/usage") != one) {}
  kernel.join();
  EXPECT_EQ(list(), "# ours\nos:/os/os\n");
  EXPECT_EQ(trees(), Names{"os"});
  expect_tidy();
}

TEST_F(OsManagerTest, WhatIsLeftOfOneOsKeepsNobodyFromAnother) {
  ASSERT_TRUE(add("os", "one"));
  write_text(node.allowlist_file, "# ours\n");
  {
    const auto journal = store().take("os");
    ASSERT_TRUE(store().write_journal("os", {JournalEntry::What::remove, 0}));
  }
  make_directories(node.config.trees + "/.chos/work/no~name");
  module.is_loaded = true;  // so it is not known who is in it
  EXPECT_EQ(add("os", "two").error().code, EBUSY);
  EXPECT_TRUE(add("other", "two"));
  EXPECT_NE(joined(progress.notes).find("left of 'no~name' is still there"), std::string::npos);
  EXPECT_NE(joined(progress.notes).find("left of 'os' is still there"), std::string::npos);
  EXPECT_EQ(trees(), (Names{"os", "other"}));
  // Nor may it be made anew while somebody is in the old one.
  node.kernel = ProcChos(top + "/kernel");
  set_kernel_file("usage", "1 1 os /os/os\n");
  EXPECT_EQ(add("os", "two").error().code, EBUSY);
  EXPECT_EQ(trees(), (Names{"os", "other"}));
  set_kernel_file("usage", "0 1 os /os/os\n");
  EXPECT_TRUE(add("os", "two"));
  fs::remove(node.config.trees + "/.chos/work/no~name");
  expect_tidy();
}

// It was killed with the list written, before the node went by it.
TEST_F(OsManagerTest, TheNodeGoesByTheListBeforeATreeIsTakenAway) {
  ASSERT_TRUE(add("os", "one"));
  ASSERT_TRUE(add("other", "two"));
  node.kernel = ProcChos(top + "/kernel");
  module.is_loaded = true;
  ASSERT_TRUE(bring_up(node, log)) << joined(log.failures);
  const std::string valid = top + "/kernel/valid";
  ASSERT_NE(read_text(valid).find("os:/os/os\n"), std::string::npos) << read_text(valid);
  write_text(node.allowlist_file, "other:/os/other\n");
  {
    const auto journal = store().take("os");
    ASSERT_TRUE(store().write_journal("os", {JournalEntry::What::remove, 0}));
  }
  std::string seen;
  progress.at_stage = [&](const std::string& what) {
    if (what == "removing the tree os") seen = read_text(valid);
  };
  ASSERT_TRUE(recover_all()) << joined(log.failures);
  EXPECT_TRUE(seen.starts_with("other:/os/other\n")) << seen;
  EXPECT_EQ(trees(), Names{"other"});
  expect_tidy();
}

// As one leaves it that was killed between writing the list and putting it in force.
TEST_F(OsManagerTest, WhatIsClosedInTheListIsClosedOnTheNode) {
  ASSERT_TRUE(add("os", "one"));
  node.kernel = ProcChos(top + "/kernel");
  module.is_loaded = true;
  ASSERT_TRUE(bring_up(node, log)) << joined(log.failures);
  EXPECT_EQ(read_text(top + "/kernel/valid"), "os:/os/os\n");
  write_text(node.allowlist_file, "# ours\nos:/os/os:closed\n");
  const auto closed = keep([&](OsManager& k) { return k.set_option("os", "closed", true); });
  ASSERT_TRUE(closed) << closed.error().what;
  EXPECT_FALSE(*closed) << "the list had it";
  EXPECT_EQ(read_text(top + "/kernel/valid"), "os:/os/os:closed\n");
}

// A new tree is judged by itself, not by what the farm shows of the one before.
TEST_F(OsManagerTest, ReplacesATreeThatShowsSomethingOld) {
  const std::string spool = top + "/spool";
  make_directories(spool);
  node.config.share = {spool};
  ASSERT_TRUE(add("os", "one"));
  node.kernel = ProcChos(top + "/kernel");
  module.is_loaded = true;
  ASSERT_TRUE(bring_up(node, log)) << joined(log.failures);
  fs::rename(spool, top + "/away");
  make_directories(spool);
  const auto replaced = replace("os", "two");
  EXPECT_TRUE(replaced) << replaced.error().what;
}

}  // namespace
}  // namespace chos::test
