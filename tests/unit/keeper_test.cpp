// SPDX-License-Identifier: BSD-3-Clause
// Adding, replacing and removing OSs, on a node whose kernel is some files; and chosctl itself,
// killed at any moment.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <chrono>
#include <cstddef>
#include <fstream>
#include <random>
#include <thread>

#include "elf_file.h"
#include "keeper_fixture.h"
#include "lib/bring_up.h"
#include "store/mounts.h"
#include "store/remove_tree.h"

namespace chos::test {
namespace {

TEST_F(KeeperTest, Adds) {
  const auto record = add("one", "one", "groups=0,closed");
  ASSERT_TRUE(record) << record.error().what;
  EXPECT_EQ(list(), "# ours\none:/os/one:groups=0,closed\n");
  EXPECT_EQ(record->release, "one");
  EXPECT_EQ(read_text(node.config.trees + "/one/etc/os-release"), "PRETTY_NAME=\"one\"\n");
  EXPECT_TRUE(verify_os(store(), *record, progress)->empty());
  expect_tidy();
  const auto all = list_oses(node, store());
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 1U);
  EXPECT_EQ(all->front().record->digest, record->digest);
  EXPECT_TRUE(all->front().tree_present);
}

TEST_F(KeeperTest, MakesPlacesForWhatAllShareInTreesOfItsOwn) {
  const std::string known = "/etc/ssh/ssh_known_hosts";
  mount_tmpfs("/etc");
  make_directories("/etc/ssh");
  write_text(known, "node ssh-ed25519 AAAA\n");
  write_text("/etc/os-release", "the base's\n");
  node.config.share = {known, "/etc/os-release", "/etc/nowhere"};
  const auto record = add("one", "one");
  ASSERT_TRUE(record) << record.error().what;
  const std::string tree = node.config.trees + "/one";
  ASSERT_TRUE(exists(tree + known));
  EXPECT_EQ(read_text(tree + known), "");
  EXPECT_EQ(read_text(tree + "/etc/os-release"), "PRETTY_NAME=\"one\"\n");
  EXPECT_FALSE(exists(tree + "/etc/nowhere"));
  EXPECT_TRUE(verify_os(store(), *record, progress)->empty());
  fs::remove(tree + known);
  EXPECT_EQ(*verify_os(store(), *record, progress), Names{known + ": missing"});
  // What is not its own stays as it is.
  const auto dir = parse_source("dir:" + top + "/source/two");
  ASSERT_TRUE(keep([&](Keeper& k) { return k.add("far", *dir, {}, ""); }));
  EXPECT_FALSE(exists(top + "/source/two/etc/ssh"));
}

TEST_F(KeeperTest, AddsATreeWithNamesThatAreNoUtf8) {
  const std::string name = "/usr/bin/su\xfc";
  write_text(top + "/source/one" + name, "x", 04755);
  write_text(top + "/source/one/etc/os-release", "PRETTY_NAME=\"\xfc\"\n");
  ASSERT_EQ(std::system(("tar -C " + top + "/source/one -cf " + archive("one") + " .").c_str()), 0);
  const auto record = add("one", "one");
  ASSERT_TRUE(record) << record.error().what;
  ASSERT_EQ(store().records()->size(), 1U);
  EXPECT_EQ(store().records()->front().privileged.front().path, "/usr/bin/su\ufffd");
  EXPECT_TRUE(verify_os(store(), *record, progress)->empty());
  EXPECT_TRUE(remove("one"));
}

// What claims to be small need not be: it is counted while it is read.
TEST_F(KeeperTest, StopsReadingWhatIsTooBig) {
  for (int i = 0; i < 100; ++i) write_text(top + "/source/one/etc/" + std::to_string(i), "x");
  const auto dir = parse_source("dir:" + top + "/source/one");
  BuildOptions options;
  options.max_size = 10;
  const auto added = keep([&](Keeper& k) { return k.add("far", *dir, options, ""); });
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code, EFBIG) << added.error().what;
  EXPECT_NE(added.error().remedy.find("--max-size"), std::string::npos);
  EXPECT_LT(progress.ticks, 100);
  EXPECT_EQ(trees(), Names{});
  expect_tidy();
}

TEST_F(KeeperTest, MakesTheListIfThereIsNone) {
  fs::remove(node.allowlist_file);
  ASSERT_TRUE(add("one", "one"));
  EXPECT_TRUE(list().ends_with("one:/os/one\n")) << list();
}

TEST_F(KeeperTest, RefusesNamesAndWhatIsThere) {
  for (const char* name : {"", "a b", "../x", "default", "base", "-x", "a~2"})
    EXPECT_FALSE(add(name, "one")) << name;
  ASSERT_TRUE(add("one", "one"));
  EXPECT_EQ(add("one", "two").error().code, EEXIST);
  make_directories(node.config.trees + "/byhand");
  EXPECT_EQ(add("byhand", "two").error().code, EEXIST);
  EXPECT_EQ(trees(), (Names{"byhand", "one"}));
  EXPECT_FALSE(replace("none", "two"));
  EXPECT_FALSE(remove("none"));
  expect_tidy();
}

TEST_F(KeeperTest, RefusesATreeThatIsNotFit) {
  const std::string sound = top + "/source/two", unfit = top + "/source/unfit";
  const auto refused = [&](auto spoil) {
    fs::remove_all(unfit);
    fs::copy(sound, unfit, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
    spoil();
    EXPECT_EQ(std::system(("tar -C " + unfit + " -cf " + archive("unfit") + " .").c_str()), 0);
    const auto added = add("two", "unfit");
    EXPECT_FALSE(added);
    EXPECT_EQ(list(), "# ours\n");
    EXPECT_EQ(trees(), Names{});
    expect_tidy();
    return added ? "added" : added.error().what;
  };
  const std::string says = "the tree is not fit for use: ";
  EXPECT_EQ(refused([&] { fs::remove(unfit + "/bin/sh"); }).find(says + "it has no /bin/sh"), 0u);
  EXPECT_EQ(refused([&] {
    std::fstream shell(unfit + "/bin/sh", std::ios::in | std::ios::out | std::ios::binary);
    shell.seekp(offsetof(Elf64_Ehdr, e_machine)).put(static_cast<char>(EM_AARCH64));
  }), says + "its programs are for another kind of processor");
  EXPECT_EQ(refused([&] {
    make_directories(unfit + "/usr/lib64");
    write_text(unfit + "/usr/lib64/libc.so.6", elf_with_note(99, 2, 0));
  }).find(says + "its libc needs a kernel >= 99.2"), 0u);
}

TEST_F(KeeperTest, KeepsNothingOfWhatWasInterrupted) {
  progress.ticks_left = 2;
  const auto stopped = add("one", "one");
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, EINTR);
  EXPECT_EQ(trees(), Names{});
  expect_tidy();
}

TEST_F(KeeperTest, AFullDiskCostsNothing) {
  ASSERT_EQ(::mount("tmpfs", node.config.trees.c_str(), "tmpfs", 0, "size=100k"), 0);
  const auto full = add("one", "one");
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, ENOSPC) << full.error().what;
  EXPECT_NE(full.error().what.find("No space left on device"), std::string::npos) << full.error().what;
  EXPECT_NE(full.error().remedy.find("make room"), std::string::npos);
  EXPECT_EQ(trees(), Names{});
  EXPECT_EQ(list(), "# ours\n");
  expect_tidy();
  ASSERT_EQ(::mount("tmpfs", node.config.trees.c_str(), "tmpfs", MS_REMOUNT, "size=100m"), 0);
  EXPECT_TRUE(add("one", "one"));
  EXPECT_EQ(::umount2(node.config.trees.c_str(), MNT_DETACH), 0);
}

// A program stands for mmdebstrap: what it says when a suite's Release file is too old is apt's.
TEST_F(KeeperTest, AnExpiredSuiteIsTakenOnlyIfAskedFor) {
  make_directories(top + "/programs");
  // The tree's directory is the last word but one.
  write_text(top + "/programs/mmdebstrap",
             "#!/bin/bash\nmkdir \"${*: -2:1}\"\n"
             "case \"$*\" in *Check-Valid-Until*false*) exec cp -a " + top +
                 "/source/one/. \"${*: -2:1}\" ;; esac\n"
                 "echo 'E: Release file for http://deb/InRelease is expired (invalid since 9d)'\nexit 25\n");
  fs::permissions(top + "/programs/mmdebstrap", fs::perms::owner_all);
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", (top + "/programs:" + path).c_str(), 1);
  BuildOptions options;
  options.mirror = "file:/nowhere";
  const auto debian = parse_source("debian:bullseye");
  ASSERT_TRUE(debian);
  const auto refused = keep([&](Keeper& k) { return k.add("old", *debian, options, ""); });
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("is expired"), std::string::npos) << refused.error().what;
  EXPECT_NE(refused.error().remedy.find("--allow-expired"), std::string::npos);
  EXPECT_EQ(trees(), Names{});
  options.expired_ok = true;
  const auto taken = keep([&](Keeper& k) { return k.add("old", *debian, options, ""); });
  EXPECT_TRUE(taken) << taken.error().what;
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_EQ(list(), "# ours\nold:/os/old\n");
  expect_tidy();
}

TEST_F(KeeperTest, TakesBackWhatTheListRefuses) {
  write_text(node.allowlist_file, "one:/os/trixie\nbroken\n");
  EXPECT_FALSE(add("two", "two"));
  write_text(node.allowlist_file, "# ours\n");
  EXPECT_FALSE(add("two", "two", "nonsense"));
  EXPECT_EQ(list(), "# ours\n");
  EXPECT_EQ(trees(), Names{});
  expect_tidy();
}

TEST_F(KeeperTest, ReplacesAndGoesBack) {
  ASSERT_TRUE(add("os", "one"));
  ASSERT_TRUE(keep([](Keeper& k) { return k.set_default("os"); }));
  const auto second = replace("os", "two");
  ASSERT_TRUE(second) << second.error().what;
  EXPECT_EQ(second->generation, 2U);
  EXPECT_EQ(list(), "# ours\nos:/os/os~2\ndefault:/os/os~2\n");
  EXPECT_EQ(trees(), (Names{"os", "os~2"}));
  ASSERT_TRUE(keep([](Keeper& k) { return k.rollback("os"); }));
  EXPECT_EQ(list(), "# ours\nos:/os/os\ndefault:/os/os\n");
  ASSERT_TRUE(keep([](Keeper& k) { return k.rollback("os"); }));
  EXPECT_EQ(list(), "# ours\nos:/os/os~2\ndefault:/os/os~2\n");
  // One tree to go back to is kept, no more.
  ASSERT_TRUE(replace("os", "three"));
  EXPECT_EQ(list(), "# ours\nos:/os/os~3\ndefault:/os/os~3\n");
  EXPECT_EQ(trees(), (Names{"os~2", "os~3"}));
  expect_tidy();
}

TEST_F(KeeperTest, KeepsTheTreeBeforeNotOneThatWasGivenUp) {
  ASSERT_TRUE(add("os", "one"));
  ASSERT_TRUE(replace("os", "two"));
  ASSERT_TRUE(replace("os", "three"));
  ASSERT_TRUE(keep([](Keeper& k) { return k.rollback("os"); }));
  ASSERT_TRUE(replace("os", "one"));
  EXPECT_EQ(trees(), (Names{"os~2", "os~4"}));
  ASSERT_TRUE(keep([](Keeper& k) { return k.rollback("os"); }));
  EXPECT_EQ(list(), "# ours\nos:/os/os~2\n");
  expect_tidy();
}

// It stays as long as somebody is in it.
TEST_F(KeeperTest, GoesBackToTheTreeBeforeNotToOneThatWasGivenUp) {
  ASSERT_TRUE(add("os", "one"));
  ASSERT_TRUE(replace("os", "two"));
  const auto rollback = [&] { return keep([](Keeper& k) { return k.rollback("os"); }); };
  ASSERT_TRUE(rollback());
  node.kernel = KernelLink(top + "/kernel");
  set_kernel_file("usage", "1 1 os /os/os~2\n");
  ASSERT_TRUE(replace("os", "three"));
  EXPECT_EQ(trees(), (Names{"os", "os~2", "os~3"}));
  for (const char* path : {"/os/os", "/os/os~3", "/os/os"}) {
    ASSERT_TRUE(rollback());
    EXPECT_EQ(list(), "# ours\nos:" + std::string(path) + "\n");
  }
}

TEST_F(KeeperTest, KeepsATreeThatTheListNames) {
  ASSERT_TRUE(add("os", "one"));
  ASSERT_TRUE(replace("os", "two"));
  write_text(node.allowlist_file, list() + "stable:/os/os\n");
  ASSERT_TRUE(replace("os", "three"));
  EXPECT_EQ(list(), "# ours\nos:/os/os~3\nstable:/os/os\n");
  EXPECT_EQ(trees(), (Names{"os", "os~2", "os~3"}));
  expect_tidy();
}

// While its new tree is made.
TEST_F(KeeperTest, SaysThatALineWasEditedMeanwhile) {
  ASSERT_TRUE(add("os", "one"));
  ASSERT_TRUE(add("other", "two"));
  for (const std::string edited : {"# ours\nother:/os/other\n", "os:/os/other\n",
                                   "os:/os/other\nalias:/os/os\n"}) {
    progress.at_stage = [&](const std::string& what) {
      if (what == "publishing os") write_text(node.allowlist_file, edited);
    };
    const auto replaced = replace("os", "three");
    ASSERT_FALSE(replaced) << edited;
    EXPECT_NE(replaced.error().what.find("changed by somebody else"), std::string::npos);
    EXPECT_EQ(list(), edited);
    EXPECT_EQ(trees(), (Names{"os", "other"}));
    expect_tidy();
    write_text(node.allowlist_file, "os:/os/os\nother:/os/other\n");
  }
  progress.at_stage = {};
  EXPECT_TRUE(replace("os", "three"));
}

TEST_F(KeeperTest, RollbackNeedsAnother) {
  ASSERT_TRUE(add("os", "one"));
  EXPECT_EQ(keep([](Keeper& k) { return k.rollback("os"); }).error().code, ENOENT);
  EXPECT_EQ(keep([](Keeper& k) { return k.rollback("none"); }).error().code, ENOENT);
  expect_tidy();
}

TEST_F(KeeperTest, Removes) {
  ASSERT_TRUE(add("os", "one"));
  ASSERT_TRUE(replace("os", "two"));
  ASSERT_TRUE(add("other", "one"));
  ASSERT_TRUE(remove("os"));
  EXPECT_EQ(list(), "# ours\nother:/os/other\n");
  EXPECT_EQ(trees(), Names{"other"});
  expect_tidy();
}

TEST_F(KeeperTest, DoesNotRemoveTheDefault) {
  ASSERT_TRUE(add("os", "one"));
  ASSERT_TRUE(keep([](Keeper& k) { return k.set_default("os"); }));
  EXPECT_EQ(remove("os").error().code, EBUSY);
  ASSERT_TRUE(keep([](Keeper& k) { return k.set_default("base"); }));
  EXPECT_TRUE(remove("os"));
}

TEST_F(KeeperTest, DoesNotRemoveWhatHasAnotherName) {
  ASSERT_TRUE(add("os", "one"));
  const std::string alias = list() + "alias:/os/os\n";
  write_text(node.allowlist_file, alias);
  EXPECT_EQ(remove("os").error().code, EBUSY);
  EXPECT_EQ(list(), alias);
  EXPECT_EQ(trees(), Names{"os"});
  ASSERT_TRUE(remove("alias"));
  EXPECT_EQ(list(), "# ours\nos:/os/os\n");
  EXPECT_EQ(trees(), Names{"os"});
  expect_tidy();
}

TEST_F(KeeperTest, TouchesNoFileOfAnotherName) {
  ASSERT_TRUE(add("os", "one"));
  write_text(top + "/precious", "data");
  // From TREES/.chos/journal.
  const std::string name = "../../../precious";
  ASSERT_TRUE(exists(node.config.trees + "/.chos/journal/" + name));
  EXPECT_FALSE(store().take(name));
  EXPECT_FALSE(remove(name));
  EXPECT_FALSE(replace(name, "one"));
  EXPECT_FALSE(keep([&](Keeper& k) { return k.rollback(name); }));
  EXPECT_EQ(read_text(top + "/precious"), "data");
}

TEST_F(KeeperTest, LeavesATreeThatIsNotItsOwn) {
  make_usable_tree(node.config.trees + "/mine", "mine");
  write_text(node.allowlist_file, "mine:/os/mine\n");
  ASSERT_TRUE(remove("mine"));
  EXPECT_EQ(list(), "");
  EXPECT_EQ(trees(), Names{"mine"});
  ASSERT_EQ(progress.notes.size(), 1U);
  // Taken in where it is, it is as little chosctl's to delete.
  const auto dir = parse_source("dir:" + node.config.trees + "/mine");
  ASSERT_TRUE(keep([&](Keeper& k) { return k.add("mine", *dir, {}, ""); }));
  EXPECT_EQ(list(), "mine:/os/mine\n");
  ASSERT_TRUE(remove("mine"));
  EXPECT_EQ(trees(), Names{"mine"});
}

TEST_F(KeeperTest, BindsADirectoryElsewhere) {
  const auto dir = parse_source("dir:" + top + "/source/one");
  const auto record = keep([&](Keeper& k) { return k.add("far", *dir, {}, ""); });
  ASSERT_TRUE(record) << record.error().what;
  EXPECT_TRUE(mounted(node.config.trees + "/far"));
  EXPECT_TRUE(exists(node.config.trees + "/far/bin/sh"));
  ASSERT_TRUE(remove("far"));
  EXPECT_FALSE(mounted(node.config.trees + "/far"));
  EXPECT_EQ(trees(), Names{});
  EXPECT_TRUE(exists(top + "/source/one/bin/sh"));
}

// It would go with that OS.
TEST_F(KeeperTest, RefusesADirectoryInTheTreeOfAnOs) {
  ASSERT_TRUE(add("os", "one"));
  const auto dir = [&](const std::string& name, const std::string& path) {
    const auto source = parse_source("dir:" + path);
    return keep([&](Keeper& k) { return k.add(name, *source, {}, ""); });
  };
  ASSERT_TRUE(dir("far", top + "/source/two"));
  const std::string tree = node.config.trees + "/os";
  make_usable_tree(tree + "/inner", "inner");
  make_usable_tree(node.config.trees + "/.chos/inner", "inner");
  fs::create_directory_symlink(tree, top + "/link");
  make_directories(top + "/bound");
  ASSERT_EQ(::mount(tree.c_str(), (top + "/bound").c_str(), nullptr, MS_BIND, nullptr), 0);
  for (const auto& path : {tree, tree + "/inner", top + "/link", top + "/bound/inner",
                           node.config.trees + "/far", node.config.trees + "/.chos/inner"}) {
    const auto refused = dir("x", path);
    ASSERT_FALSE(refused) << path;
    EXPECT_EQ(refused.error().code, EINVAL) << refused.error().what;
    expect_tidy();
  }
  const auto itself = parse_source("dir:" + tree);
  EXPECT_EQ(keep([&](Keeper& k) { return k.replace("os", *itself, {}); }).error().code, EINVAL);
  expect_tidy();
  // Another OS of the same directory elsewhere, and a tree by hand among the others, are fine.
  EXPECT_TRUE(dir("again", top + "/source/two"));
  make_usable_tree(node.config.trees + "/mine", "mine");
  EXPECT_TRUE(dir("mine", node.config.trees + "/mine"));
  EXPECT_TRUE(dir("x", node.config.trees + "/mine"));
  EXPECT_EQ(::umount2((top + "/bound").c_str(), MNT_DETACH), 0);
}

// One below is seen when the one above is gone.
TEST_F(KeeperTest, UnmountsWhatIsStackedAndHidden) {
  const std::string at = top + "/stack";
  make_directories(at + "/in/ner");
  mount_tmpfs(at + "/in/ner");
  mount_tmpfs(at + "/in");
  mount_tmpfs(at + "/in");
  mount_tmpfs(at);
  mount_tmpfs(at);
  EXPECT_TRUE(unmount_below(at));
  EXPECT_TRUE(exists(at + "/in/ner"));
  EXPECT_TRUE(MountTable::read()->below(at).empty());
  EXPECT_TRUE(remove_tree(at));
}

TEST_F(KeeperTest, ABindGoesWithWhatIsMountedInIt) {
  const std::string origin = top + "/source/one";
  ASSERT_EQ(::mount("tmpfs", (origin + "/etc").c_str(), "tmpfs", 0, "mode=755"), 0);
  const auto dir = parse_source("dir:" + origin);
  const auto record = keep([&](Keeper& k) { return k.add("far", *dir, {}, ""); });
  ASSERT_TRUE(record) << record.error().what;
  ASSERT_TRUE(mounted(node.config.trees + "/far/etc"));
  const auto in_use = unmount_trees(store());
  ASSERT_TRUE(in_use) << in_use.error().what;
  EXPECT_TRUE(in_use->empty());
  EXPECT_FALSE(mounted(node.config.trees + "/far"));
  EXPECT_TRUE(mounted(origin + "/etc"));
}

TEST_F(KeeperTest, RefusesToRemoveWhileSomebodyIsInside) {
  ASSERT_TRUE(add("os", "one"));
  node.kernel = KernelLink(top + "/kernel");
  set_kernel_file("processes", "1 os\n");
  EXPECT_EQ(remove("os").error().code, EBUSY);
  EXPECT_EQ(list(), "# ours\nos:/os/os\n");
  EXPECT_EQ(trees(), Names{"os"});
  expect_tidy();
}

// As after `chosctl down --force`.
TEST_F(KeeperTest, RemovesNothingIfItIsNotKnownWhoIsInside) {
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
TEST_F(KeeperTest, RefusesToRemoveWhileSomebodyIsInsideByAnotherName) {
  ASSERT_TRUE(add("os", "one"));
  ASSERT_TRUE(replace("os", "two"));
  node.kernel = KernelLink(top + "/kernel");
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
  EXPECT_TRUE(keep([](Keeper& k) { return k.recover(); }));
  EXPECT_EQ(trees(), (Names{"os", "os~2"}));
  set_kernel_file("usage", "0 1 alias /os/os~2\n1 1 alias /os/other\n");
  EXPECT_TRUE(keep([](Keeper& k) { return k.recover(); }));
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
TEST_F(KeeperTest, LooksTwiceBeforeItRemoves) {
  ASSERT_TRUE(add("os", "one"));
  node.kernel = KernelLink(top + "/kernel");
  const std::string none = "0 5 os /os/os\n", one = "1 5 os /os/os\n";
  // Two looks before the line goes from the list, two after that.
  auto kernel = answer(top + "/kernel/usage", {none, none, none, one});
  const auto removed = remove("os");
  EXPECT_EQ(removed.error().code, EBUSY);
  // A keeper that looks less often has left some unasked.
  while (read_text(top + "/kernel/usage") != one) {}
  kernel.join();
  EXPECT_EQ(list(), "# ours\nos:/os/os\n");
  EXPECT_EQ(trees(), Names{"os"});
  expect_tidy();
}

TEST_F(KeeperTest, WhatIsLeftOfOneOsKeepsNobodyFromAnother) {
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
  node.kernel = KernelLink(top + "/kernel");
  set_kernel_file("usage", "1 1 os /os/os\n");
  EXPECT_EQ(add("os", "two").error().code, EBUSY);
  EXPECT_EQ(trees(), (Names{"os", "other"}));
  set_kernel_file("usage", "0 1 os /os/os\n");
  EXPECT_TRUE(add("os", "two"));
  fs::remove(node.config.trees + "/.chos/work/no~name");
  expect_tidy();
}

// It was killed with the list written, before the node went by it.
TEST_F(KeeperTest, TheNodeGoesByTheListBeforeATreeIsTakenAway) {
  ASSERT_TRUE(add("os", "one"));
  ASSERT_TRUE(add("other", "two"));
  node.kernel = KernelLink(top + "/kernel");
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
  ASSERT_TRUE(keep([](Keeper& k) { return k.recover(); })) << joined(log.failures);
  EXPECT_TRUE(seen.starts_with("other:/os/other\n")) << seen;
  EXPECT_EQ(trees(), Names{"other"});
  expect_tidy();
}

TEST_F(KeeperTest, ClosesAndOpens) {
  ASSERT_TRUE(add("os", "one"));
  const auto close = [&](bool on) {
    return keep([&](Keeper& k) { return k.set_option("os", "closed", on); });
  };
  EXPECT_TRUE(*close(true));
  EXPECT_EQ(list(), "# ours\nos:/os/os:closed\n");
  EXPECT_FALSE(*close(true));
  EXPECT_TRUE(*close(false));
  EXPECT_EQ(list(), "# ours\nos:/os/os\n");
}

TEST_F(KeeperTest, OneAtATimeForEachOs) {
  ASSERT_TRUE(add("os", "one"));
  const auto held = store().take("os");
  ASSERT_TRUE(held);
  EXPECT_EQ(replace("os", "two").error().code, EWOULDBLOCK);
  // Nothing is looked at while another may be changing it.
  EXPECT_EQ(add("os", "two").error().code, EWOULDBLOCK);
  write_text(node.allowlist_file, "# ours\n");
  EXPECT_EQ(replace("os", "two").error().code, EWOULDBLOCK);
  EXPECT_TRUE(add("other", "two"));
}

TEST_F(KeeperTest, NeverEmptiesWhatIsMountedInATree) {
  ASSERT_TRUE(add("os", "one"));
  const std::string inside = node.config.trees + "/os/etc";
  make_directories(top + "/precious");
  write_text(top + "/precious/data", "data");
  ASSERT_EQ(::mount((top + "/precious").c_str(), inside.c_str(), nullptr, MS_BIND, nullptr), 0);
  ASSERT_TRUE(remove("os"));
  EXPECT_EQ(read_text(top + "/precious/data"), "data");
}

class KeeperKilled : public ChosctlProgram {
 protected:
  std::mt19937 random{std::random_device{}()};

  // Kills it after a part of the time that it takes.
  void kill_within(const std::vector<std::string>& words, std::chrono::microseconds whole) {
    const pid_t child = start(words);
    std::uniform_int_distribution<long> moment(0, static_cast<long>(whole.count()));
    ::usleep(static_cast<useconds_t>(moment(random)));
    ::kill(child, SIGKILL);
    finish(child);
  }
  std::chrono::microseconds time_of(const std::vector<std::string>& words) {
    const auto began = std::chrono::steady_clock::now();
    EXPECT_EQ(run(words), 0) << read_text(top + "/out");
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() -
                                                                 began);
  }
  // Every OS of the list has the tree that its record tells of.
  void expect_whole() {
    const auto all = list_oses(node, store());
    ASSERT_TRUE(all) << all.error().what;
    for (const auto& info : *all) {
      ASSERT_TRUE(info.record) << info.entry.name << "\n" << list();
      EXPECT_TRUE(info.tree_present) << info.entry.name;
      const auto differences = verify_os(store(), *info.record, progress);
      ASSERT_TRUE(differences) << differences.error().what;
      EXPECT_TRUE(differences->empty()) << joined(*differences);
    }
  }
};

constexpr int kills = 50;

TEST_F(KeeperKilled, Add) {
  const Names add_it{"add", "x", "tar:" + archive("one")};
  const auto whole = time_of(add_it);
  ASSERT_EQ(run({"remove", "x"}), 0);
  int committed = 0;
  for (int i = 0; i < kills; ++i) {
    kill_within(add_it, whole);
    expect_whole();
    const bool listed = list().find("x:/os/x") != std::string::npos;
    committed += listed;
    if (!listed) {
      ASSERT_EQ(run(add_it), 0) << read_text(top + "/out");
    }
    ASSERT_EQ(run({"remove", "x"}), 0) << read_text(top + "/out");
    EXPECT_EQ(trees(), Names{});
    expect_tidy();
    if (HasFailure()) return;
  }
  EXPECT_LT(committed, kills);
}

TEST_F(KeeperKilled, Replace) {
  ASSERT_EQ(run({"add", "x", "tar:" + archive("one")}), 0);
  const Names replace_it{"replace", "x", "tar:" + archive("two")};
  const auto whole = time_of(replace_it);
  for (int i = 0; i < kills; ++i) {
    kill_within(replace_it, whole);
    expect_whole();
    ASSERT_EQ(run(replace_it), 0) << read_text(top + "/out");
    EXPECT_EQ(trees().size(), 2U);
    expect_tidy();
    if (HasFailure()) return;
  }
}

TEST_F(KeeperKilled, Remove) {
  const Names add_it{"add", "x", "tar:" + archive("one")};
  ASSERT_EQ(run(add_it), 0);
  const auto whole = time_of({"remove", "x"});
  int undone = 0;
  for (int i = 0; i < kills; ++i) {
    ASSERT_EQ(run(add_it), 0) << read_text(top + "/out");
    kill_within({"remove", "x"}, whole);
    expect_whole();
    if (list().find("x:/os/x") != std::string::npos) {
      ++undone;
      ASSERT_EQ(run({"remove", "x"}), 0) << read_text(top + "/out");
    } else {
      // What comes next takes the rest away.
      ASSERT_EQ(run({"default", "base"}), 0) << read_text(top + "/out");
    }
    EXPECT_EQ(trees(), Names{});
    expect_tidy();
    if (HasFailure()) return;
  }
  EXPECT_LT(undone, kills);
}

}  // namespace
}  // namespace chos::test
