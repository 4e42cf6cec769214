// SPDX-License-Identifier: BSD-3-Clause
#include "basic/process_info.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace chos {
namespace {

TEST(Processes, Describe) {
  const auto self = describe_process(::getpid());
  ASSERT_TRUE(self);
  EXPECT_EQ(self->uid, ::geteuid());
  EXPECT_NE(self->command.find("chos_basic_tests"), std::string::npos);
  EXPECT_FALSE(describe_process(0x7ffffff0));
}

}  // namespace
}  // namespace chos
