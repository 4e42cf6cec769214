// SPDX-License-Identifier: BSD-3-Clause
// [base.os]: programs of one OS that are covered wherever its tree has them.
#include "tree/cover.h"

#include "allowlist/allowlist.h"
#include "allowlist/parse.h"
#include "inspect/finding.h"
#include "inspect/tree.h"
#include "layer_fixture.h"
#include "report/doctor.h"

namespace chos::test {
namespace {

class Covers : public LayerNode {
 protected:
  void SetUp() override {
    LayerNode::SetUp();
    if (IsSkipped()) return;
    node.config.share.clear();
    for (const char* os : {"trixie", "sl6"}) {
      make_directories(tree(os) + "/usr/bin");
      make_directories(tree(os) + link_place);
      for (const char* name : {"env", "true"}) write_text(tree(os) + "/usr/bin/" + name, "its own\n", 04755);
      ASSERT_EQ(::symlink("usr/bin", (tree(os) + "/bin").c_str()), 0);
    }
    make_directories(tree("trixie") + "/sbin");
    ASSERT_EQ(::symlink("/bin/env", (tree("trixie") + "/sbin/env").c_str()), 0);
  }
  std::string text(const std::string& path, const std::string& os = "trixie") const {
    char out[256] = "";
    return ::readlink(in_os(path, os).c_str(), out, sizeof out - 1) > 0 ? out : read_text(in_os(path, os));
  }
  std::string doctor() {
    Findings found;
    const auto list = load_allowlist(node.allowlist_file, node.groups, node.trusted);
    for (const OsEntry* entry : trees_of(*list.list))
      examine_tree(*list.list, *entry, tree(entry->name), node.config, "6.1", Servers(MountTable()), found);
    std::string out;
    for (const auto& finding : found) out += finding.subject + ": " + finding.what + "\n";
    return out;
  }
};

TEST_F(Covers, CoverAllDirectoriesOfPath) {
  node.config.os_commands["trixie"] = {"env"};
  const std::string before = image_of("trixie");
  up();
  for (const char* path : {"/usr/local/bin/env", "/usr/bin/env", "/bin/env", "/sbin/env"})
    EXPECT_EQ(text(path), base_link_target()) << path;
  EXPECT_EQ(text("/usr/bin/true"), "its own\n");
  EXPECT_EQ(text("/usr/bin/env", "sl6"), "its own\n");
  EXPECT_EQ(link("env", "sl6"), "");
  EXPECT_EQ(flags_at(in_os("/usr/bin/env")), mount_nosuid | mount_nodev);
  EXPECT_EQ(image_of("trixie"), before);
  EXPECT_EQ(doctor().find("its own"), std::string::npos) << doctor();
  const auto mounts = all_mounts();
  reloaded();
  EXPECT_EQ(joined(log.changed), "");
  EXPECT_EQ(all_mounts(), mounts);
}

TEST_F(Covers, AreForOneOsOnly) {
  node.config.base_commands = {"env"};
  up();
  EXPECT_EQ(link("env"), base_link_target());
  EXPECT_EQ(text("/usr/bin/env"), "its own\n");
}

TEST_F(Covers, CoverUsrLocalBin) {
  write_text(tree("trixie") + link_place + "/env", "local\n");
  node.config.os_commands["trixie"] = {"env"};
  up();
  EXPECT_EQ(link("env"), base_link_target());
  EXPECT_EQ(joined(log.warnings), "");
}

TEST_F(Covers, FollowAReload) {
  node.config.os_commands["trixie"] = {"env", "true"};
  up();
  const auto mounts = all_mounts();
  node.config.os_commands["trixie"] = {"true"};
  node.config.os_commands["sl6"] = {"true"};
  fail_to_reload();
  EXPECT_EQ(all_mounts(), mounts);
  reloaded();
  EXPECT_EQ(text("/usr/bin/env"), "its own\n");
  EXPECT_EQ(text("/sbin/env"), "/bin/env");
  EXPECT_EQ(link("env"), "");
  EXPECT_EQ(text("/usr/bin/true"), base_link_target());
  EXPECT_EQ(text("/usr/bin/true", "sl6"), base_link_target());
  node.config.os_commands.clear();
  EXPECT_EQ(doctor().find("its own"), std::string::npos);
  reloaded();
  EXPECT_EQ(text("/usr/bin/true", "sl6"), "its own\n");
  node.config.os_commands["sl6"] = {"true"};
  EXPECT_NE(doctor().find("tree sl6: it has its own /usr/bin/true and /bin/true"), std::string::npos)
      << doctor();
}

TEST_F(Covers, CountForAllNamesOfATree) {
  write_text(top + "/list", "trixie:/os/trixie\nagain:/os/trixie\nsl6:/os/sl6:suid\n");
  node.config.os_commands["again"] = {"env"};
  node.config.os_commands["nowhere"] = {"env"};
  node.config.os_commands["sl6"] = {"true", "no-such-command-at-all"};
  write_text(tree("sl6") + "/usr/bin/no-such-command-at-all", "stays\n");
  up();
  EXPECT_EQ(text("/usr/bin/env"), base_link_target());
  EXPECT_EQ(text("/usr/bin/no-such-command-at-all", "sl6"), "stays\n");
  EXPECT_NE(joined(log.warnings).find("the base OS has no no-such-command-at-all, which [base.os]"),
            std::string::npos)
      << joined(log.warnings);
  EXPECT_NE(joined(log.warnings).find("names 'nowhere', which is not in"), std::string::npos)
      << joined(log.warnings);
}

}  // namespace
}  // namespace chos::test
