// SPDX-License-Identifier: BSD-3-Clause
#include "basic/digest.h"

#include <gtest/gtest.h>

namespace chos::test {
namespace {

// From FIPS 180-2.
constexpr const char* of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr const char* of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Digest, IsTheSameInOnePieceAndInMany) {
  EXPECT_EQ(sha256_of(""), of_nothing);
  EXPECT_EQ(sha256_of("abc"), of_abc);
  Sha256 pieces;
  pieces.add("a");
  pieces.add("");
  pieces.add("bc", 2);
  EXPECT_EQ(pieces.finish(), of_abc);
  EXPECT_EQ(Sha256().finish(), of_nothing);
}

TEST(Digest, AByteIsTwoLowerCaseDigits) {
  const unsigned char bytes[] = {0x00, 0x0f, 0xa5, 0xff};
  EXPECT_EQ(hex_text(bytes, sizeof bytes), "000fa5ff");
}

TEST(Digest, OnlySixtyFourLowerCaseDigitsAreOne) {
  const std::string good = of_abc;
  EXPECT_TRUE(is_sha256(good));
  EXPECT_FALSE(is_sha256(""));
  EXPECT_FALSE(is_sha256(good.substr(1)));
  EXPECT_FALSE(is_sha256(good + "0"));
  EXPECT_FALSE(is_sha256("B" + good.substr(1)));
  EXPECT_FALSE(is_sha256("/" + good.substr(1)));
}

}  // namespace
}  // namespace chos::test
