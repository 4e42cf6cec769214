// SPDX-License-Identifier: BSD-3-Clause
// Where programs of chos are looked for.
#include "batch/node.h"

#include <gtest/gtest.h>

namespace chos::test {
namespace {

TEST(BatchNodePrograms, OwnDirectoryFirst) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(program_directories("/usr/bin"), (Names{"/usr/bin", "/usr/local/bin"}));
  EXPECT_EQ(program_directories("/usr/local/bin"), (Names{"/usr/local/bin", "/usr/bin"}));
  EXPECT_EQ(program_directories("/opt/bin"), (Names{"/opt/bin", "/usr/bin", "/usr/local/bin"}));
}

}  // namespace
}  // namespace chos::test
