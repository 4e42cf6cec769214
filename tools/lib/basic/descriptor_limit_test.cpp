// SPDX-License-Identifier: BSD-3-Clause
#include "basic/descriptor_limit.h"

#include <gtest/gtest.h>

namespace chos {
namespace {

rlimit limit() {
  rlimit now{};
  EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &now), 0);
  return now;
}

TEST(MoreDescriptors, OnlyForAWhile) {
  const rlimit before = limit(), few{64, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  {
    const MoreDescriptors more;
    EXPECT_GE(limit().rlim_cur, before.rlim_max);
  }
  EXPECT_EQ(limit().rlim_cur, few.rlim_cur);
  EXPECT_EQ(limit().rlim_max, few.rlim_max);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

}  // namespace
}  // namespace chos
