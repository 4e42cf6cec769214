// SPDX-License-Identifier: BSD-3-Clause
#include "farm/layout.h"

#include <gtest/gtest.h>

#include "config/config.h"

namespace chos {
namespace {

TEST(FarmPaths, InTheBase) {
  Config config;
  EXPECT_EQ(*base_path(config, "/os/trixie"), "/var/lib/chos/os/trixie");
  EXPECT_EQ(*base_path(config, "/os"), "/var/lib/chos/os");
  EXPECT_EQ(*base_path(config, "/local/opt/x"), "/opt/x");
  EXPECT_EQ(*base_path(config, "/local"), "/");
  EXPECT_EQ(*base_path(config, "/scratch/os/x"), "/scratch/os/x");
  EXPECT_FALSE(base_path(config, "/auto/rh73"));
  EXPECT_FALSE(base_path(config, "/usr/x"));
}

}  // namespace
}  // namespace chos
