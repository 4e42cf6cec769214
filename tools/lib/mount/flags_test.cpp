// SPDX-License-Identifier: BSD-3-Clause
#include "mount/flags.h"

#include <gtest/gtest.h>
#include <sys/mount.h>

namespace chos {
namespace {

TEST(MountFlags, HaveOneNameAndNumberInEachInterface) {
  const unsigned flags = mount_ro | mount_nodev | mount_nosymfollow;
  EXPECT_EQ(parse_flags("ro,nodev,relatime,nosymfollow"), flags);
  EXPECT_EQ(flag_names(flags), "ro,nodev,nosymfollow");
  EXPECT_EQ(mount_bits(flags), MS_RDONLY | MS_NODEV | 256UL);
  EXPECT_EQ(attribute_bits(flags), 0x200005U);
  EXPECT_EQ(mount_bits(mount_nosuid | mount_noexec), static_cast<unsigned long>(MS_NOSUID | MS_NOEXEC));
  EXPECT_EQ(attribute_bits(mount_nosuid | mount_noexec), 0xaU);
}

TEST(MountFlags, NoneIsNothing) {
  EXPECT_EQ(parse_flags("rw,relatime"), 0U);
  EXPECT_EQ(flag_names(0), "");
  EXPECT_EQ(mount_bits(0), 0U);
  EXPECT_EQ(attribute_bits(0), 0U);
}

}  // namespace
}  // namespace chos
