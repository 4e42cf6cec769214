// SPDX-License-Identifier: BSD-3-Clause
// A fake node for tests of bring_up().
#pragma once

#include "fake_node.h"
#include "lifecycle/up.h"

namespace chos::test {

class BringUp : public FakeNode {
 protected:
  void up() {
    log = Recorder();
    ASSERT_TRUE(bring_up(node, log)) << joined(log.failures);
  }

  void reload_changes_nothing() {
    const auto before = all_mounts();
    log = Recorder();
    EXPECT_TRUE(reload(node, log)) << joined(log.failures);
    EXPECT_EQ(joined(log.changed), "");
    EXPECT_EQ(all_mounts(), before);
  }

  // Makes the base's shared file a link, as /etc/resolv.conf may be, to a file whose content is its name.
  void share_a_link_to(const std::string& name) {
    write_text(top + "/" + name, name + "\n");
    ASSERT_EQ(::unlink((top + "/passwd").c_str()), 0);
    ASSERT_EQ(::symlink(name.c_str(), (top + "/passwd").c_str()), 0);
  }
};

}  // namespace chos::test
