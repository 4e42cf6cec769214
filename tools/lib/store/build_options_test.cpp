// SPDX-License-Identifier: BSD-3-Clause
#include "store/build_options.h"

#include <gtest/gtest.h>

namespace chos::test {
namespace {

TEST(BuildSize, ReadsAndWrites) {
  EXPECT_EQ(*parse_size("1"), 1U);
  EXPECT_EQ(*parse_size("3K"), 3072U);
  EXPECT_EQ(*parse_size("20G"), std::uint64_t{20} << 30);
  EXPECT_EQ(*parse_size("2MiB"), 2U << 20);
  for (const char* text : {"", "0", "G", "-1", "1X", "99999999999T", "1.5G"})
    EXPECT_FALSE(parse_size(text)) << text;
  EXPECT_EQ(size_text(1023), "1023 B");
  EXPECT_EQ(size_text(1536), "1.5 KiB");
  EXPECT_EQ(size_text(std::uint64_t{5} << 40), "5.0 TiB");
}

}  // namespace
}  // namespace chos::test
