// SPDX-License-Identifier: BSD-3-Clause
#include "config/edit.h"

#include <gtest/gtest.h>

namespace chos::test {
namespace {

TEST(ConfigEdit, SetsTheCommandsOfAnOs) {
  const std::vector<std::string> two{"sudo", "ping"};
  EXPECT_EQ(*with_os_commands("", "a", two), "[base.os]\n\"a\" = [\"sudo\", \"ping\"]\n");
  EXPECT_EQ(*with_os_commands("# x\n[farm]\npath = \"/f\"", "a.b", {"su"}),
            "# x\n[farm]\npath = \"/f\"\n\n[base.os]\n\"a.b\" = [\"su\"]\n");
  const std::string there =
      "[base.os] # ours\na = [\n  \"su\", # why\n]\nb = [\"at\"]\n[share]\nadd = [\"/x\"]\n";
  EXPECT_EQ(*with_os_commands(there, "a", two),
            "[base.os] # ours\n\"a\" = [\"sudo\", \"ping\"]\nb = [\"at\"]\n[share]\nadd = "
            "[\"/x\"]\n");
  EXPECT_EQ(*with_os_commands(there, "a", {}), "[base.os] # ours\nb = [\"at\"]\n[share]\nadd = [\"/x\"]\n");
  EXPECT_EQ(*with_os_commands(there, "c", {"su"}),
            "[base.os] # ours\n\"c\" = [\"su\"]\na = [\n  \"su\", # why\n]\nb = [\"at\"]\n"
            "[share]\nadd = [\"/x\"]\n");
  EXPECT_EQ(*with_os_commands(there, "c", {}), there);
  // Two on one line, or a table within a line: not by a program.
  EXPECT_FALSE(with_os_commands("base = { os = { a = [\"su\"], b = [\"at\"] } }\n", "a", two));
  EXPECT_FALSE(with_os_commands("not toml", "a", two));
}

}  // namespace
}  // namespace chos::test
