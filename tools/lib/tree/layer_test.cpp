// SPDX-License-Identifier: BSD-3-Clause
// The layers that up adds to the OSs: links to programs of the base OS, and mount points for its shares.
#include <grp.h>
#include <sys/wait.h>

#include <filesystem>

#include "basic/files.h"
#include "config/config.h"
#include "layer_fixture.h"
#include "lifecycle/down.h"

namespace chos::test {
namespace {

class Layers : public LayerNode {
 protected:
  // Whether `look` is true for a process of that user.
  template <typename Look>
  static bool as_user(uid_t user, Look look) {
    const pid_t child = ::fork();
    if (child == 0)
      ::_exit(::setgroups(0, nullptr) == 0 && ::setgid(user) == 0 && ::setuid(user) == 0 && look() ? 0 : 1);
    int status = -1;
    ::waitpid(child, &status, 0);
    return status == 0;
  }
};

TEST_F(Layers, TheTreeItselfIsUnchanged) {
  node.config.base_commands = {"env"};
  const std::string trixie = image_of("trixie"), sl6 = image_of("sl6");
  ASSERT_NE(trixie, "");
  const auto nothing = all_mounts();
  up();
  EXPECT_EQ(link("env"), base_link_target());
  for (const char* os : {"trixie", "sl6"}) {
    EXPECT_EQ(read_text(in_os("/mnt/site/spool/job", os)), "a job\n") << os;
    EXPECT_EQ(read_text(in_os("/mnt/site/file", os)), "the base's\n") << os;
  }
  EXPECT_EQ(read_text(in_os("/mnt/site/own")), "the tree's\n");
  EXPECT_EQ(image_of("trixie"), trixie);
  EXPECT_EQ(image_of("sl6"), sl6);
  // The layers are mounted in the farm only.
  EXPECT_FALSE(exists(tree("trixie") + "/mnt/site/spool"));
  EXPECT_FALSE(exists(farm("/local") + tree("trixie") + "/mnt/site/spool"));
  EXPECT_EQ(take_down(node, {false, true}, log).what, DownOutcome::What::down);
  EXPECT_EQ(all_mounts(), nothing);
  EXPECT_FALSE(exists(node.layers));
  EXPECT_EQ(image_of("trixie"), trixie);
  EXPECT_EQ(image_of("sl6"), sl6);
}

// In a tree without OpenSSH, /etc is not covered for a file that no program there reads.
TEST_F(Layers, KnownHostsOnlyInTreesWithOpenSsh) {
  const std::string known = "/etc/ssh/ssh_known_hosts";
  mount_tmpfs("/etc");
  make_directories("/etc/ssh");
  write_text(known, "node ssh-ed25519 AAAA\n");
  node.config.share = Config().share;
  std::erase_if(node.config.share, [&](const std::string& path) { return path != known; });
  ASSERT_EQ(node.config.share.size(), 1U);
  make_directories(tree("trixie") + "/etc/ssh");
  write_text(tree("trixie") + "/etc/ssh/ssh_config", "# its own\n");
  up();
  EXPECT_EQ(joined(log.warnings), "");
  EXPECT_EQ(read_text(in_os(known)), "node ssh-ed25519 AAAA\n");
  EXPECT_EQ(read_text(in_os("/etc/ssh/ssh_config")), "# its own\n");
  EXPECT_FALSE(exists(in_os("/etc/ssh", "sl6")));
  EXPECT_FALSE(mounted(in_os("/etc", "sl6")));
  // The next reload sees an OpenSSH that was installed later.
  make_directories(tree("sl6") + "/etc/ssh");
  reloaded();
  EXPECT_EQ(read_text(in_os(known, "sl6")), "node ssh-ed25519 AAAA\n");
}

TEST_F(Layers, TwiceChangesNothing) {
  node.config.base_commands = {"env"};
  up();
  EXPECT_NE(joined(log.changed).find("layers: 4, 4 changed"), std::string::npos)
      << joined(log.changed) << joined(log.warnings);
  const auto before = all_mounts();
  up();
  EXPECT_EQ(joined(log.changed), "");
  reloaded();
  EXPECT_EQ(joined(log.changed), "");
  EXPECT_EQ(joined(log.warnings), "");
  EXPECT_EQ(all_mounts(), before);
}

TEST_F(Layers, WorkOnAReadOnlyTree) {
  node.config.base_commands = {"env"};
  read_only("trixie", true);
  const std::string before = image_of("trixie");
  up();
  EXPECT_EQ(joined(log.warnings), "");
  EXPECT_EQ(link("env"), base_link_target());
  EXPECT_EQ(read_text(in_os("/mnt/site/spool/job")), "a job\n");
  EXPECT_EQ(read_text(in_os("/mnt/site/file")), "the base's\n");
  EXPECT_EQ(image_of("trixie"), before);
  up();
  EXPECT_EQ(joined(log.changed), "");
}

TEST_F(Layers, AreReadOnly) {
  up();
  EXPECT_EQ(::mkdir((in_os("/mnt/site") + "/x").c_str(), 0755), -1);
  EXPECT_EQ(errno, EROFS);
  EXPECT_EQ(::mkdir((in_os("/mnt/site", "sl6") + "/x").c_str(), 0755), -1);
  EXPECT_EQ(errno, EROFS);
  EXPECT_EQ(flags_at(in_os("/mnt/site")), mount_ro | mount_nosuid | mount_nodev);
  EXPECT_EQ(flags_at(in_os("/mnt/site", "sl6")), mount_ro | mount_nodev);  // suid
  const auto table = MountTable::read();
  ASSERT_TRUE(table);
  EXPECT_EQ(table->at(in_os("/mnt/site"))->type, "overlay");
  EXPECT_EQ(table->at(in_os("/mnt/site", "sl6"))->type, "tmpfs") << "it was empty";
  for (const auto* mount : table->below(farm("/os"))) EXPECT_FALSE(mount->shared) << mount->target;
  // The rest of the OS is unchanged.
  EXPECT_EQ(::mkdir((in_os("/etc") + "/x").c_str(), 0755), 0);
}

// A directory of additions has the owner of the tree's directory.
TEST_F(Layers, OnlyRootGetsToTheAdditions) {
  constexpr uid_t user = 1000;
  for (const char* os : {"trixie", "sl6"})
    ASSERT_EQ(::chown((tree(os) + "/mnt/site").c_str(), user, user), 0);
  make_directories(node.layers);  // as an older version made it
  ASSERT_EQ(::chmod(node.layers.c_str(), 0755), 0);
  ASSERT_EQ(::chown(node.layers.c_str(), user, user), 0);
  up();
  EXPECT_EQ(joined(log.warnings), "");
  struct stat info {};
  ASSERT_EQ(::stat(node.layers.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0700u);
  EXPECT_EQ(info.st_uid, 0u);
  int additions = 0;
  for (const auto& entry : std::filesystem::directory_iterator(node.layers)) {
    ++additions;
    const std::string path = entry.path();
    EXPECT_FALSE(as_user(user, [&] { return ::access(path.c_str(), W_OK) == 0; })) << path;
  }
  EXPECT_GT(additions, 0);
  // Users see the overlay, and the bind mount of an addition over sl6's empty directory.
  EXPECT_TRUE(as_user(user, [&] { return read_text(in_os("/mnt/site/own")) == "the tree's\n"; }));
  for (const char* os : {"trixie", "sl6"}) {
    EXPECT_TRUE(as_user(user, [&] { return read_text(in_os("/mnt/site/spool/job", os)) == "a job\n"; }))
        << os;
    EXPECT_TRUE(as_user(user, [&] { return read_text(in_os("/mnt/site/file", os)) == "the base's\n"; }))
        << os;
    EXPECT_TRUE(as_user(user, [&] { return names_in(in_os("/mnt/site", os)).ok(); })) << os;
  }
}

TEST_F(Layers, LinksYieldToProgramsOfTheTree) {
  node.config.base_commands = {"env", "true", "false", "no-such-command-at-all"};
  node.config.chos_link = true;
  make_directories(tree("trixie") + "/usr/bin");
  write_text(tree("trixie") + "/usr/bin/env", "comes after the link\n");
  write_text(tree("trixie") + "/usr/bin/chos", "its own\n");
  write_text(tree("trixie") + link_place + "/true", "its own\n");
  ASSERT_EQ(std::system(("rm -r '" + tree("sl6") + "/usr'").c_str()), 0);
  ASSERT_EQ(::symlink("/nowhere", (tree("trixie") + link_place + "/false").c_str()), 0);
  up();
  EXPECT_EQ(link("env"), base_link_target());
  EXPECT_EQ(link("chos-base"), base_link_target());
  EXPECT_EQ(link("chos"), "");
  EXPECT_EQ(read_text(in_os(link_place) + "/true"), "its own\n");
  EXPECT_EQ(link("false"), "/nowhere");
  EXPECT_EQ(link("no-such-command-at-all"), "");
  // sl6 has no /usr at all, so there is no place for a link but the root.
  EXPECT_NE(joined(log.warnings).find("no links in 'sl6' for chos, chos-base, env, true and false"),
            std::string::npos)
      << joined(log.warnings);
}

TEST_F(Layers, MissingParentDirectoriesAreMade) {
  ASSERT_EQ(std::system(("rm -r '" + tree("sl6") + "/usr'").c_str()), 0);
  make_directories(tree("sl6") + "/usr/share");
  ASSERT_EQ(::chmod((tree("sl6") + "/usr").c_str(), 0751), 0);
  node.config.base_commands = {"env"};
  node.config.share = {"/mnt/site/spool"};
  ASSERT_EQ(::rmdir((tree("sl6") + "/mnt/site").c_str()), 0);
  const mode_t mask = ::umask(077);
  up();
  ::umask(mask);
  EXPECT_EQ(link("env", "sl6"), base_link_target());
  EXPECT_TRUE(exists(in_os("/usr/share", "sl6")));
  EXPECT_EQ(read_text(in_os("/mnt/site/spool/job", "sl6")), "a job\n");
  struct stat info {};
  ASSERT_EQ(::stat(in_os("/usr/local", "sl6").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0755u);
  ASSERT_EQ(::stat(in_os("/usr", "sl6").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0751u) << "as in the tree";
}

TEST_F(Layers, WritableDirectoriesAreNotCovered) {
  make_directories("/mnt/open/spool");
  make_directories("/mnt/beside/spool");
  make_directories(tree("trixie") + "/mnt/open");
  make_directories(tree("trixie") + "/mnt/beside/scratch");
  ASSERT_EQ(::chmod((tree("trixie") + "/mnt/open").c_str(), 01777), 0);
  ASSERT_EQ(::chmod((tree("trixie") + "/mnt/beside/scratch").c_str(), 01777), 0);
  write_text("/mnt/top", "x");
  node.config.share = {"/mnt/open/spool", "/mnt/beside/spool"};
  up();
  const std::string warnings = joined(log.warnings);
  for (const char* text : {"not shared with 'trixie': it has no directory /mnt/open/spool, and none can "
                           "be added: everybody may write in /mnt/open; make it when",
                           "everybody may write in /mnt/beside/scratch"})
    EXPECT_NE(warnings.find(text), std::string::npos) << text << "\n" << warnings;
  EXPECT_FALSE(mounted(in_os("/mnt/open")));
  EXPECT_FALSE(mounted(in_os("/mnt/beside")));
  EXPECT_TRUE(mounted(in_os("/mnt/open/spool", "sl6"))) << "it has /mnt, and no more";
}

TEST_F(Layers, PathsMayHoldAnyCharacter) {
  const std::string odd = "/mnt/a:b,c d\\e";
  make_directories(odd + "/spool");
  write_text(odd + "/spool/job", "odd\n");
  ASSERT_EQ(::rename(node.config.trees.c_str(), (top + "/tr:ee,s x").c_str()), 0);
  node.config.trees = top + "/tr:ee,s x";
  make_directories(tree("trixie") + odd);
  write_text(tree("trixie") + odd + "/own", "own\n");
  node.config.share = {odd + "/spool"};
  up();
  EXPECT_EQ(read_text(in_os(odd + "/spool/job")), "odd\n") << joined(log.warnings);
  EXPECT_EQ(read_text(in_os(odd + "/own")), "own\n");
  up();
  EXPECT_EQ(joined(log.changed), "");
}

TEST_F(Layers, LinksOfATreeAreResolvedInsideIt) {
  make_directories("/mnt/outside");
  make_directories("/mnt/lane/jobs");
  node.config.share = {"/mnt/lane/jobs"};
  // Seen from the base, this link leads out of the tree; inside, it leads to a directory of the tree.
  ASSERT_EQ(::symlink("/mnt/outside", (tree("trixie") + "/mnt/lane").c_str()), 0);
  // This one leads nowhere.
  ASSERT_EQ(::symlink("nowhere", (tree("sl6") + "/mnt/lane").c_str()), 0);
  up();
  for (const char* os : {"'trixie'", "'sl6'"})
    EXPECT_NE(joined(log.warnings).find(std::string("not shared with ") + os), std::string::npos)
        << joined(log.warnings);
  EXPECT_FALSE(exists("/mnt/outside/jobs"));
  make_directories(tree("trixie") + "/mnt/outside");
  reloaded();
  EXPECT_FALSE(exists("/mnt/outside/jobs"));
  EXPECT_TRUE(mounted(in_os("/mnt/outside/jobs")));
}

TEST_F(Layers, NothingIsAddedBelowASharedDirectory) {
  node.config.share = {"/mnt/site", "/mnt/site/spool"};
  up();
  EXPECT_TRUE(mounted(in_os("/mnt/site")));
  EXPECT_EQ(read_text(in_os("/mnt/site/file")), "the base's\n");
  EXPECT_EQ(joined(log.changed).find("layers"), std::string::npos) << joined(log.changed);
  const auto before = all_mounts();
  reloaded();
  EXPECT_EQ(all_mounts(), before);
}

TEST_F(Layers, TheBaseOsGetsNone) {
  write_text(top + "/list", "trixie:/os/trixie\nhere:/local\n");
  node.config.base_commands = {"env"};
  const UniqueFd base(::open("/", O_PATH | O_DIRECTORY)), other(::open(top.c_str(), O_PATH));
  const std::vector<TreeLink> wanted{{"no-such-command-at-all", base_link_target(), false}};
  EXPECT_TRUE(missing_links(base.get(), wanted).empty());
  EXPECT_EQ(missing_links(other.get(), wanted).size(), 1u);
  up();
  EXPECT_FALSE(mounted(farm("/local") + link_place));
}

}  // namespace
}  // namespace chos::test
