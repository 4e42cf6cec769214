// SPDX-License-Identifier: BSD-3-Clause
#include "tree/layer_plan.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/child_work.h"
#include "basic/files.h"
#include "scratch.h"
#include "silent_fuse.h"

namespace chos::test {
namespace {

using Kind = Addition::Kind;

class PlanLayers : public Scratch {
 protected:
  void make(const std::string& name, mode_t mode = 0755) {
    std::filesystem::create_directories(path(name));
    ASSERT_EQ(::chmod(path(name).c_str(), mode), 0);
  }
  // The plan as text: a line "PLACE[ empty]: D path, F path, L path" for each layer, then lines "PATH!
  // reason".
  std::string plan(const std::vector<Addition>& wishes) const {
    const UniqueFd tree(::open(directory().c_str(), O_PATH | O_DIRECTORY));
    const auto made = plan_layers(tree.get(), wishes);
    std::string out;
    for (const auto& layer : made.layers) {
      out += layer.place + (layer.empty ? " empty:" : ":");
      for (const auto& addition : layer.additions)
        out += std::string(" ") + "DFL"[static_cast<int>(addition.kind)] + addition.path;
      out += "\n";
    }
    for (const auto& unmet : made.unmet) out += unmet.wish.path + "! " + unmet.reason + "\n";
    return out;
  }
};

TEST_F(PlanLayers, TheDeepestExistingDirectoryIsCovered) {
  make("etc");
  make("opt/lib");
  write("etc/passwd", "x");
  const std::vector<Addition> wishes{{Kind::directory, "/opt/lib/slurm/slurmd", {}},
                                     {Kind::file, "/etc/passwd", {}},
                                     {Kind::file, "/etc/hosts", {}},
                                     {Kind::directory, "/etc/condor", {}},
                                     {Kind::link, "/opt/bin/qsub", "/local/x"}};
  EXPECT_EQ(plan(wishes), "/etc: Dcondor Fhosts\n/opt: Lbin/qsub\n/opt/lib empty: Dslurm/slurmd\n");
  make("etc/condor");
  write("etc/hosts", "x");
  EXPECT_EQ(plan(wishes), "/opt: Lbin/qsub\n/opt/lib empty: Dslurm/slurmd\n");
}

TEST_F(PlanLayers, LinksAreFollowedInsideTheTree) {
  make("usr/local/bin");
  ASSERT_EQ(::symlink("/usr/local", path("opt").c_str()), 0);
  ASSERT_EQ(::symlink("nowhere", path("lane").c_str()), 0);
  write("file", "x");
  EXPECT_EQ(plan({{Kind::file, "/opt/bin/x", {}}, {Kind::file, "/usr/local/bin/y", {}}}),
            "/usr/local/bin empty: Fx Fy\n");
  EXPECT_EQ(plan({{Kind::file, "/lane/x", {}}, {Kind::file, "/file/x", {}}, {Kind::file, "/lane", {}}}),
            "/lane/x! /lane in the tree leads to no directory\n"
            "/file/x! /file in the tree leads to no directory\n");
}

TEST_F(PlanLayers, WritableDirectoriesAreNotCovered) {
  make("var/tmp", 01777);
  make("var/lib/own");
  make("open", 0777);
  make("beside/open", 01777);
  const std::vector<Addition> wishes{
      {Kind::directory, "/var/mail", {}},  {Kind::directory, "/top", {}},
      {Kind::directory, "/open/x", {}},    {Kind::directory, "/beside/x", {}},
      {Kind::directory, "/var/tmp/x", {}}, {Kind::directory, "/var/lib/x", {}}};
  EXPECT_EQ(plan(wishes),
            "/var/lib: Dx\n"
            "/var/mail! /var is, or holds, a directory that is written to (/var/tmp)\n"
            "/top! / is, or holds, a directory that is written to (/tmp)\n"
            "/open/x! everybody may write in /open\n"
            "/beside/x! everybody may write in /beside/open\n"
            "/var/tmp/x! /var/tmp is, or holds, a directory that is written to (/var/tmp)\n");
}

// Users may mount FUSE file systems on directories of theirs.
TEST_F(PlanLayers, NoServerIsAskedOfWhatIsMounted) {
  if (::geteuid() != 0 || ::unshare(CLONE_NEWNS) != 0) GTEST_SKIP() << "only root can mount";
  ASSERT_EQ(::mount(nullptr, "/", nullptr, MS_PRIVATE | MS_REC, nullptr), 0);
  for (const char* name : {"data/silent", "data/closed", "open/near"}) make(name);
  UniqueFd silent = mount_silent_fuse(path("data/silent"));
  if (!silent) GTEST_SKIP() << "no /dev/fuse here";
  const UniqueFd closed = mount_silent_fuse(path("data/closed"), 1000);
  ASSERT_EQ(::mount("near", path("open/near").c_str(), "tmpfs", 0, "mode=1777"), 0);
  const auto said = do_in_child(
      [this] {
        return plan({{Kind::directory, "/data/x", {}},
                     {Kind::directory, "/data/silent", {}},
                     {Kind::directory, "/data/closed", {}},
                     {Kind::directory, "/open/x", {}}});
      },
      5);
  silent.reset();
  for (const char* name : {"data/silent", "data/closed", "open/near"})
    EXPECT_EQ(::umount2(path(name).c_str(), MNT_DETACH), 0) << name;
  ASSERT_TRUE(said) << said.error().what;
  EXPECT_EQ(*said, "/data: Dx\n/open/x! everybody may write in /open/near\n");
}

}  // namespace
}  // namespace chos::test
