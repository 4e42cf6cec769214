// SPDX-License-Identifier: BSD-3-Clause
// Adding, replacing and removing OSs, on a node whose kernel is some files.
#include <sys/mount.h>

#include <cstddef>
#include <fstream>
#include <thread>

#include "basic/files.h"
#include "elf_file.h"
#include "kernel/proc_chos.h"
#include "manage/os_manager_fixture.h"
#include "store/mounts.h"
#include "store/remove_tree.h"

namespace chos::test {
namespace {

TEST_F(OsManagerTest, Adds) {
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

TEST_F(OsManagerTest, MakesPlacesForWhatAllShareInTreesOfItsOwn) {
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
  ASSERT_TRUE(keep([&](OsManager& k) { return k.add("far", *dir, {}, ""); }));
  EXPECT_FALSE(exists(top + "/source/two/etc/ssh"));
}

TEST_F(OsManagerTest, MakesTheListIfThereIsNone) {
  fs::remove(node.allowlist_file);
  ASSERT_TRUE(add("one", "one"));
  EXPECT_TRUE(list().ends_with("one:/os/one\n")) << list();
}

TEST_F(OsManagerTest, RefusesNamesAndWhatIsThere) {
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

TEST_F(OsManagerTest, KeepsNothingOfWhatWasInterrupted) {
  progress.ticks_left = 2;
  const auto stopped = add("one", "one");
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, EINTR);
  EXPECT_EQ(trees(), Names{});
  expect_tidy();
}

TEST_F(OsManagerTest, TakesBackWhatTheListRefuses) {
  write_text(node.allowlist_file, "one:/os/trixie\nbroken\n");
  EXPECT_FALSE(add("two", "two"));
  write_text(node.allowlist_file, "# ours\n");
  EXPECT_FALSE(add("two", "two", "nonsense"));
  EXPECT_EQ(list(), "# ours\n");
  EXPECT_EQ(trees(), Names{});
  expect_tidy();
}

TEST_F(OsManagerTest, ReplacesAndGoesBack) {
  ASSERT_TRUE(add("os", "one"));
  ASSERT_TRUE(keep([](OsManager& k) { return k.set_default("os"); }));
  const auto second = replace("os", "two");
  ASSERT_TRUE(second) << second.error().what;
  EXPECT_EQ(second->generation, 2U);
  EXPECT_EQ(list(), "# ours\nos:/os/os~2\ndefault:/os/os~2\n");
  EXPECT_EQ(trees(), (Names{"os", "os~2"}));
  ASSERT_TRUE(keep([](OsManager& k) { return k.rollback("os"); }));
  EXPECT_EQ(list(), "# ours\nos:/os/os\ndefault:/os/os\n");
  ASSERT_TRUE(keep([](OsManager& k) { return k.rollback("os"); }));
  EXPECT_EQ(list(), "# ours\nos:/os/os~2\ndefault:/os/os~2\n");
  // One tree to go back to is kept, no more.
  ASSERT_TRUE(replace("os", "three"));
  EXPECT_EQ(list(), "# ours\nos:/os/os~3\ndefault:/os/os~3\n");
  EXPECT_EQ(trees(), (Names{"os~2", "os~3"}));
  expect_tidy();
}

// Programs of a 32-bit tree ask uname(2) what they run on; those of the next one are others.
TEST_F(OsManagerTest, ThePersonalityGoesWithTheTree) {
  std::fstream shell(top + "/source/two/bin/sh", std::ios::in | std::ios::out | std::ios::binary);
  shell.seekp(offsetof(Elf64_Ehdr, e_machine)).put(static_cast<char>(EM_386));
  shell.close();
  ASSERT_EQ(std::system(("tar -C " + top + "/source/two -cf " + archive("two") + " .").c_str()), 0);
  ASSERT_TRUE(add("os", "one", "groups=0"));
  write_text(node.allowlist_file, list() + "alias:/os/os:groups=0\n");
  const auto replaced = replace("os", "two");
  ASSERT_TRUE(replaced) << replaced.error().what;
  ASSERT_EQ(replaced->machine, "i386");
  EXPECT_EQ(list(),
            "# ours\nos:/os/os~2:groups=0,persona=linux32\n"
            "alias:/os/os~2:groups=0,persona=linux32\n");
  ASSERT_TRUE(keep([](OsManager& k) { return k.rollback("os"); }));
  EXPECT_EQ(list(), "# ours\nos:/os/os:groups=0\nalias:/os/os:groups=0\n");
  ASSERT_TRUE(keep([](OsManager& k) { return k.rollback("os"); }));
  ASSERT_TRUE(replace("os", "three"));
  EXPECT_EQ(list(), "# ours\nos:/os/os~3:groups=0\nalias:/os/os~3:groups=0\n");
  // What somebody wants of a 64-bit tree stays.
  write_text(node.allowlist_file, "os:/os/os~3:persona=linux32\n");
  ASSERT_TRUE(replace("os", "one"));
  EXPECT_EQ(list(), "os:/os/os~4:persona=linux32\n");
}

TEST_F(OsManagerTest, KeepsTheTreeBeforeNotOneThatWasGivenUp) {
  ASSERT_TRUE(add("os", "one"));
  ASSERT_TRUE(replace("os", "two"));
  ASSERT_TRUE(replace("os", "three"));
  ASSERT_TRUE(keep([](OsManager& k) { return k.rollback("os"); }));
  ASSERT_TRUE(replace("os", "one"));
  EXPECT_EQ(trees(), (Names{"os~2", "os~4"}));
  ASSERT_TRUE(keep([](OsManager& k) { return k.rollback("os"); }));
  EXPECT_EQ(list(), "# ours\nos:/os/os~2\n");
  expect_tidy();
}

// It stays as long as somebody is in it.
TEST_F(OsManagerTest, GoesBackToTheTreeBeforeNotToOneThatWasGivenUp) {
  ASSERT_TRUE(add("os", "one"));
  ASSERT_TRUE(replace("os", "two"));
  const auto rollback = [&] { return keep([](OsManager& k) { return k.rollback("os"); }); };
  ASSERT_TRUE(rollback());
  node.kernel = ProcChos(top + "/kernel");
  set_kernel_file("usage", "1 1 os /os/os~2\n");
  ASSERT_TRUE(replace("os", "three"));
  EXPECT_EQ(trees(), (Names{"os", "os~2", "os~3"}));
  for (const char* path : {"/os/os", "/os/os~3", "/os/os"}) {
    ASSERT_TRUE(rollback());
    EXPECT_EQ(list(), "# ours\nos:" + std::string(path) + "\n");
  }
}

TEST_F(OsManagerTest, KeepsATreeThatTheListNames) {
  ASSERT_TRUE(add("os", "one"));
  ASSERT_TRUE(replace("os", "two"));
  write_text(node.allowlist_file, list() + "stable:/os/os\n");
  ASSERT_TRUE(replace("os", "three"));
  EXPECT_EQ(list(), "# ours\nos:/os/os~3\nstable:/os/os\n");
  EXPECT_EQ(trees(), (Names{"os", "os~2", "os~3"}));
  expect_tidy();
}

// While its new tree is made.
TEST_F(OsManagerTest, SaysThatALineWasEditedMeanwhile) {
  ASSERT_TRUE(add("os", "one"));
  ASSERT_TRUE(add("other", "two"));
  for (const std::string edited :
       {"# ours\nother:/os/other\n", "os:/os/other\n", "os:/os/other\nalias:/os/os\n"}) {
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

TEST_F(OsManagerTest, RollbackNeedsAnother) {
  ASSERT_TRUE(add("os", "one"));
  EXPECT_EQ(keep([](OsManager& k) { return k.rollback("os"); }).error().code, ENOENT);
  EXPECT_EQ(keep([](OsManager& k) { return k.rollback("none"); }).error().code, ENOENT);
  expect_tidy();
}

TEST_F(OsManagerTest, RollbackSaysWhereATreeMadeByHandIs) {
  make_usable_tree(node.config.trees + "/mine", "mine");
  write_text(node.allowlist_file, "mine:/os/mine\n");
  ASSERT_TRUE(replace("mine", "one"));
  const auto back = keep([](OsManager& k) { return k.rollback("mine"); });
  ASSERT_FALSE(back);
  EXPECT_NE(back.error().what.find("/os/mine, was not made by chosctl"), std::string::npos)
      << back.error().what;
  EXPECT_NE(back.error().remedy.find(node.allowlist_file), std::string::npos) << back.error().remedy;
  // It stays, and that is said.
  ASSERT_TRUE(remove("mine"));
  EXPECT_EQ(trees(), Names{"mine"});
  ASSERT_EQ(progress.notes.size(), 1U);
  EXPECT_NE(progress.notes.front().find(node.config.trees + "/mine"), std::string::npos);
}

TEST_F(OsManagerTest, Removes) {
  ASSERT_TRUE(add("os", "one"));
  ASSERT_TRUE(replace("os", "two"));
  ASSERT_TRUE(add("other", "one"));
  ASSERT_TRUE(remove("os"));
  EXPECT_EQ(list(), "# ours\nother:/os/other\n");
  EXPECT_EQ(trees(), Names{"other"});
  expect_tidy();
}

TEST_F(OsManagerTest, DoesNotRemoveTheDefault) {
  ASSERT_TRUE(add("os", "one"));
  ASSERT_TRUE(keep([](OsManager& k) { return k.set_default("os"); }));
  EXPECT_EQ(remove("os").error().code, EBUSY);
  ASSERT_TRUE(keep([](OsManager& k) { return k.set_default("base"); }));
  EXPECT_TRUE(remove("os"));
}

TEST_F(OsManagerTest, DoesNotRemoveWhatHasAnotherName) {
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

TEST_F(OsManagerTest, TouchesNoFileOfAnotherName) {
  ASSERT_TRUE(add("os", "one"));
  write_text(top + "/precious", "data");
  // From TREES/.chos/journal.
  const std::string name = "../../../precious";
  ASSERT_TRUE(exists(node.config.trees + "/.chos/journal/" + name));
  EXPECT_FALSE(store().take(name));
  EXPECT_FALSE(remove(name));
  EXPECT_FALSE(replace(name, "one"));
  EXPECT_FALSE(keep([&](OsManager& k) { return k.rollback(name); }));
  EXPECT_EQ(read_text(top + "/precious"), "data");
}

TEST_F(OsManagerTest, LeavesATreeThatIsNotItsOwn) {
  make_usable_tree(node.config.trees + "/mine", "mine");
  write_text(node.allowlist_file, "mine:/os/mine\n");
  ASSERT_TRUE(remove("mine"));
  EXPECT_EQ(list(), "");
  EXPECT_EQ(trees(), Names{"mine"});
  ASSERT_EQ(progress.notes.size(), 1U);
  // Taken in where it is, it is as little chosctl's to delete.
  const auto dir = parse_source("dir:" + node.config.trees + "/mine");
  ASSERT_TRUE(keep([&](OsManager& k) { return k.add("mine", *dir, {}, ""); }));
  EXPECT_EQ(list(), "mine:/os/mine\n");
  ASSERT_TRUE(remove("mine"));
  EXPECT_EQ(trees(), Names{"mine"});
}

TEST_F(OsManagerTest, BindsADirectoryElsewhere) {
  const auto dir = parse_source("dir:" + top + "/source/one");
  const auto record = keep([&](OsManager& k) { return k.add("far", *dir, {}, ""); });
  ASSERT_TRUE(record) << record.error().what;
  EXPECT_TRUE(mounted(node.config.trees + "/far"));
  EXPECT_TRUE(exists(node.config.trees + "/far/bin/sh"));
  ASSERT_TRUE(remove("far"));
  EXPECT_FALSE(mounted(node.config.trees + "/far"));
  EXPECT_EQ(trees(), Names{});
  EXPECT_TRUE(exists(top + "/source/one/bin/sh"));
}

// It would go with that OS.
TEST_F(OsManagerTest, RefusesADirectoryInTheTreeOfAnOs) {
  ASSERT_TRUE(add("os", "one"));
  const auto dir = [&](const std::string& name, const std::string& path) {
    const auto source = parse_source("dir:" + path);
    return keep([&](OsManager& k) { return k.add(name, *source, {}, ""); });
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
  EXPECT_EQ(keep([&](OsManager& k) { return k.replace("os", *itself, {}); }).error().code, EINVAL);
  expect_tidy();
  // Another OS of the same directory elsewhere, and a tree by hand among the others, are fine.
  EXPECT_TRUE(dir("again", top + "/source/two"));
  make_usable_tree(node.config.trees + "/mine", "mine");
  EXPECT_TRUE(dir("mine", node.config.trees + "/mine"));
  EXPECT_TRUE(dir("x", node.config.trees + "/mine"));
  EXPECT_EQ(::umount2((top + "/bound").c_str(), MNT_DETACH), 0);
}

// One below is seen when the one above is gone.
TEST_F(OsManagerTest, UnmountsWhatIsStackedAndHidden) {
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

TEST_F(OsManagerTest, ABindGoesWithWhatIsMountedInIt) {
  const std::string origin = top + "/source/one";
  ASSERT_EQ(::mount("tmpfs", (origin + "/etc").c_str(), "tmpfs", 0, "mode=755"), 0);
  const auto dir = parse_source("dir:" + origin);
  const auto record = keep([&](OsManager& k) { return k.add("far", *dir, {}, ""); });
  ASSERT_TRUE(record) << record.error().what;
  ASSERT_TRUE(mounted(node.config.trees + "/far/etc"));
  const auto in_use = unmount_trees(store());
  ASSERT_TRUE(in_use) << in_use.error().what;
  EXPECT_TRUE(in_use->empty());
  EXPECT_FALSE(mounted(node.config.trees + "/far"));
  EXPECT_TRUE(mounted(origin + "/etc"));
}

TEST_F(OsManagerTest, ClosesAndOpens) {
  ASSERT_TRUE(add("os", "one"));
  const auto close = [&](bool on) {
    return keep([&](OsManager& k) { return k.set_option("os", "closed", on); });
  };
  EXPECT_TRUE(*close(true));
  EXPECT_EQ(list(), "# ours\nos:/os/os:closed\n");
  EXPECT_FALSE(*close(true));
  EXPECT_TRUE(*close(false));
  EXPECT_EQ(list(), "# ours\nos:/os/os\n");
}

TEST_F(OsManagerTest, OneAtATimeForEachOs) {
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

// What a chosctl that was killed had started ends in its own time, soon.
TEST_F(OsManagerTest, WaitsForWhatIsEnding) {
  ASSERT_TRUE(add("os", "one"));
  auto held = store().take("os");
  ASSERT_TRUE(held);
  std::thread ending([&held] {
    std::this_thread::sleep_for(std::chrono::seconds(1));
    *held = UniqueFd();
  });
  EXPECT_TRUE(replace("os", "two"));
  ending.join();
}

TEST_F(OsManagerTest, NeverEmptiesWhatIsMountedInATree) {
  ASSERT_TRUE(add("os", "one"));
  const std::string inside = node.config.trees + "/os/etc";
  make_directories(top + "/precious");
  write_text(top + "/precious/data", "data");
  ASSERT_EQ(::mount((top + "/precious").c_str(), inside.c_str(), nullptr, MS_BIND, nullptr), 0);
  ASSERT_TRUE(remove("os"));
  EXPECT_EQ(read_text(top + "/precious/data"), "data");
}

}  // namespace
}  // namespace chos::test
