// SPDX-License-Identifier: BSD-3-Clause
#include "farm/own_mounts.h"

#include "fake_node.h"
#include "lifecycle/up.h"
#include "mount/operations.h"

namespace chos::test {
namespace {

class SuidTrees : public FakeNode {
 protected:
  void list(const std::string& text) { write_text(top + "/list", text); }
  std::string sl6() const { return farm("/os/sl6"); }
};

TEST_F(SuidTrees, BehindASymbolicLinkGrantNothing) {
  ASSERT_EQ(::symlink("sl6", (node.config.trees + "/linked").c_str()), 0);
  list("linked:/os/linked:suid\n");
  ASSERT_TRUE(bring_up(node, log)) << joined(log.failures);
  EXPECT_NE(joined(log.warnings).find("'linked' is marked suid, but /os/linked leads through"),
            std::string::npos)
      << joined(log.warnings);
  EXPECT_FALSE(mounted(sl6()));
  EXPECT_EQ(flags_at(farm("/os")) & mount_nosuid, mount_nosuid);

  list("linked:/os/linked\nsl6:/os/sl6:suid\n");
  log = Recorder();
  ASSERT_TRUE(reload(node, log)) << joined(log.failures);
  EXPECT_EQ(joined(log.warnings), "");
  EXPECT_EQ(flags_at(sl6()) & mount_nosuid, 0u);

  // The mount that the tree had at its path itself loses its rights.
  list("linked:/os/linked:suid\nsl6:/os/sl6\n");
  log = Recorder();
  ASSERT_TRUE(reload(node, log)) << joined(log.failures);
  EXPECT_NE(joined(log.warnings).find("symbolic link"), std::string::npos);
  EXPECT_EQ(flags_at(sl6()) & mount_nosuid, mount_nosuid);
}

}  // namespace
}  // namespace chos::test
