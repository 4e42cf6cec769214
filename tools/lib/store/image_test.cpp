// SPDX-License-Identifier: BSD-3-Clause
#include "store/image.h"

#include <fcntl.h>

#include "basic/files.h"
#include "scratch.h"

namespace chos::test {
namespace {

class StoreImage : public Scratch {
 protected:
  Result<std::string> type() const {
    const UniqueFd fd(::open(path("image").c_str(), O_RDONLY));
    return image_type(fd.get(), path("image"));
  }
};

TEST_F(StoreImage, KnowsItsType) {
  std::string squashfs(4096, '\0');
  squashfs.replace(0, 4, "hsqs");
  squashfs[41] = 0x10;  // 4096 bytes used
  write("image", squashfs);
  EXPECT_EQ(*type(), "squashfs");
  write("image", squashfs.substr(0, 4095));
  EXPECT_NE(type().error().what.find("truncated"), std::string::npos);
  std::string erofs(8192, '\0');
  erofs.replace(1024, 4, "\xe2\xe1\xf5\xe0");
  erofs[1024 + 12] = 12;
  erofs[1024 + 36] = 2;  // blocks of 4 KiB
  write("image", erofs);
  EXPECT_EQ(*type(), "erofs");
  erofs[1024 + 36] = 3;
  write("image", erofs);
  EXPECT_FALSE(type());
  write("image", std::string(4096, 'x'));
  EXPECT_FALSE(type());
  write("image", "");
  EXPECT_FALSE(type());
}

}  // namespace
}  // namespace chos::test
