// SPDX-License-Identifier: BSD-3-Clause
// What up and reload put into trees: links to programs of the base OS, and the mount points of
// shared directories.
#include "fake_node.h"
#include "lib/bring_up.h"
#include "lib/mount_ops.h"
#include "lib/take_down.h"
#include "lib/tree_links.h"

namespace chos::test {
namespace {

class IntoTrees : public FakeNode {
 protected:
  void SetUp() override {
    FakeNode::SetUp();
    if (IsSkipped()) return;
    make_directories(place("trixie"));
    node.config.chos_link = false;
  }
  void up() {
    log = Recorder();
    ASSERT_TRUE(bring_up(node, log)) << joined(log.failures);
  }
  void reloaded() {
    log = Recorder();
    ASSERT_TRUE(reload(node, log)) << joined(log.failures);
  }
  // The kernel's list cannot be read: the last step fails.
  void fail_to_reload() {
    ASSERT_EQ(::rename((top + "/kernel/valid").c_str(), (top + "/kernel/v").c_str()), 0);
    log = Recorder();
    EXPECT_FALSE(reload(node, log));
    ASSERT_EQ(::rename((top + "/kernel/v").c_str(), (top + "/kernel/valid").c_str()), 0);
  }
  std::string place(const std::string& os) const { return top + "/trees/" + os + link_place; }
  std::string link(const std::string& name, const std::string& os = "trixie") const {
    char text[256] = "";
    return ::readlink((place(os) + "/" + name).c_str(), text, sizeof text - 1) > 0 ? text : "";
  }
  void read_only(const std::string& tree, bool on) {
    const std::string where = top + "/trees/" + tree;
    if (!mounted(where)) {
      ASSERT_TRUE(bind_tree(where, where));
    }
    ASSERT_EQ(::mount(nullptr, where.c_str(), nullptr,
                      MS_REMOUNT | MS_BIND | (on ? MS_RDONLY : 0), nullptr), 0);
  }
};

TEST_F(IntoTrees, CommandsThatTheBaseHas) {
  node.config.base_commands = {"env", "true", "no-such-command-at-all"};
  up();
  EXPECT_EQ(link("env"), base_link_target());
  EXPECT_EQ(link("true"), base_link_target());
  EXPECT_EQ(base_link_target().rfind("/local/", 0), 0u);
  EXPECT_FALSE(exists(place("trixie") + "/no-such-command-at-all"));
  EXPECT_FALSE(exists(place("trixie") + "/chos-base")) << "[farm] chos_link is off";
  EXPECT_FALSE(exists(place("sl6"))) << "no directory is made for links";
  EXPECT_NE(joined(log.changed).find("links: 2 made, 0 removed"), std::string::npos)
      << joined(log.changed);
  up();
  EXPECT_EQ(joined(log.changed), "");
}

TEST_F(IntoTrees, ChosAndChosBase) {
  node.config.chos_link = true;
  up();
  EXPECT_NE(link("chos"), "");
  EXPECT_EQ(link("chos-base"), base_link_target());
  // Turned off: what is there stays.
  node.config.chos_link = false;
  reloaded();
  EXPECT_EQ(joined(log.changed), "");
  EXPECT_EQ(link("chos-base"), base_link_target());
}

TEST_F(IntoTrees, WhatTheTreeHasOfItsOwn) {
  node.config.base_commands = {"env", "true", "false"};
  make_directories(top + "/trees/trixie/usr/bin");
  write_text(top + "/trees/trixie/usr/bin/env", "comes after the link\n");
  write_text(place("trixie") + "/true", "its own\n");
  ASSERT_EQ(::symlink("/nowhere", (place("trixie") + "/false").c_str()), 0);
  up();
  EXPECT_EQ(link("env"), base_link_target());
  EXPECT_EQ(read_text(place("trixie") + "/true"), "its own\n");
  EXPECT_EQ(link("false"), "/nowhere");
}

TEST_F(IntoTrees, LinksNobodyWantsGo) {
  node.config.base_commands = {"env", "true"};
  up();
  ASSERT_EQ(::symlink(base_link_target().c_str(), (place("trixie") + "/gone").c_str()), 0);
  ASSERT_EQ(::symlink("/local/usr/bin/other", (place("trixie") + "/other").c_str()), 0);
  write_text(place("trixie") + "/file", base_link_target());
  node.config.base_commands = {"true"};
  reloaded();
  EXPECT_FALSE(exists(place("trixie") + "/env"));
  EXPECT_FALSE(exists(place("trixie") + "/gone"));
  EXPECT_EQ(link("true"), base_link_target());
  EXPECT_EQ(link("other"), "/local/usr/bin/other");
  EXPECT_TRUE(exists(place("trixie") + "/file"));
  EXPECT_NE(joined(log.changed).find("links: 0 made, 2 removed"), std::string::npos);
}

TEST_F(IntoTrees, LinksAreUndone) {
  node.config.base_commands = {"env"};
  up();
  node.config.base_commands = {"true"};
  fail_to_reload();
  EXPECT_EQ(link("env"), base_link_target());
  EXPECT_FALSE(exists(place("trixie") + "/true"));
}

TEST_F(IntoTrees, TheBaseItselfGetsNone) {
  const UniqueFd base(::open("/", O_PATH | O_DIRECTORY)), tree(::open(top.c_str(), O_PATH));
  const std::vector<TreeLink> wanted{{"no-such-command-at-all", base_link_target(), false}};
  EXPECT_TRUE(missing_links(base.get(), wanted).empty());
  EXPECT_EQ(missing_links(tree.get(), wanted).size(), 1u);
}

TEST_F(IntoTrees, ATreeThatCannotBeWritten) {
  make_directories(top + "/spool/of/jobs");
  node.config.share = {top + "/spool/of/jobs", top + "/not-in-base"};
  node.config.base_commands = {"env"};
  read_only("trixie", true);
  up();
  EXPECT_EQ(link("env"), "");
  const std::string lack =
      "not shared with 'trixie': it has no directory " + top + "/spool/of/jobs";
  EXPECT_NE(joined(log.warnings).find(lack), std::string::npos) << joined(log.warnings);
  EXPECT_EQ(joined(log.warnings).find("sl6"), std::string::npos) << joined(log.warnings);
  EXPECT_EQ(joined(log.warnings).find("not-in-base"), std::string::npos) << joined(log.warnings);
  // The farm keeps what it has got.
  EXPECT_EQ(take_down(node, {false, true}, log).what, DownOutcome::What::down);
  read_only("trixie", false);
  up();
  EXPECT_EQ(joined(log.warnings), "");
  EXPECT_EQ(link("env"), base_link_target());
  EXPECT_TRUE(mounted(farm("/os/trixie") + top + "/spool/of/jobs"));
}

TEST_F(IntoTrees, MountPointsAreMade) {
  make_directories(top + "/spool/of/jobs");
  write_text(top + "/spool/of/jobs/script", "a job\n");
  node.config.share = {top + "/spool/of/jobs"};
  const mode_t mask = ::umask(022);
  up();
  ::umask(mask);
  for (const char* os : {"trixie", "sl6"}) {
    EXPECT_EQ(read_text(farm("/os/") + os + top + "/spool/of/jobs/script"), "a job\n") << os;
    struct stat info {};
    ASSERT_EQ(::stat((top + "/trees/" + os + top + "/spool/of/jobs").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0755u);
    EXPECT_FALSE(exists(top + "/trees/" + os + top + "/spool/of/jobs/script"));
  }
  up();
  EXPECT_EQ(joined(log.changed), "");
  EXPECT_EQ(take_down(node, {false, true}, log).what, DownOutcome::What::down);
  EXPECT_TRUE(exists(top + "/trees/trixie" + top + "/spool/of/jobs"));
}

TEST_F(IntoTrees, NoFileIsMade) {
  write_text(top + "/file", "the base's\n");
  node.config.share = {top + "/file", top + "/absent"};
  up();
  EXPECT_EQ(joined(log.warnings), "");
  EXPECT_FALSE(exists(top + "/trees/trixie" + top + "/file"));
  EXPECT_FALSE(exists(top + "/trees/trixie" + top + "/absent"));
}

TEST_F(IntoTrees, MountPointsAreUndone) {
  up();
  make_directories(top + "/spool/of/jobs");
  make_directories(top + "/trees/sl6" + top + "/spool");
  node.config.share = {top + "/spool/of/jobs"};
  const auto before = all_mounts();
  fail_to_reload();
  EXPECT_EQ(all_mounts(), before);
  EXPECT_FALSE(exists(top + "/trees/trixie" + top + "/spool"));
  EXPECT_TRUE(exists(top + "/trees/sl6" + top + "/spool"));
  EXPECT_FALSE(exists(top + "/trees/sl6" + top + "/spool/of"));
}

TEST_F(IntoTrees, MountPointsStayInTheTree) {
  make_directories(top + "/spool/of/jobs");
  node.config.share = {top + "/spool/of/jobs"};
  // A way that leads out, seen from the base; inside the tree it leads to the tree's own.
  make_directories(top + "/outside");
  ASSERT_EQ(::symlink((top + "/outside").c_str(),
                      (top + "/trees/trixie" + top + "/spool").c_str()), 0);
  // And one that leads nowhere.
  ASSERT_EQ(::symlink("nowhere", (top + "/trees/sl6" + top + "/spool").c_str()), 0);
  up();
  EXPECT_FALSE(exists(top + "/outside/of"));
  for (const char* os : {"'trixie'", "'sl6'"})
    EXPECT_NE(joined(log.warnings).find(std::string("not shared with ") + os), std::string::npos)
        << joined(log.warnings);
  make_directories(top + "/trees/trixie" + top + "/outside");
  reloaded();
  EXPECT_FALSE(exists(top + "/outside/of"));
  EXPECT_TRUE(mounted(farm("/os/trixie") + top + "/outside/of/jobs"));
}

}  // namespace
}  // namespace chos::test
