// SPDX-License-Identifier: BSD-3-Clause
// The directories that hold the additions of layers, and their names.
#include <fcntl.h>

#include "basic/digest.h"
#include "basic/files.h"
#include "scratch.h"
#include "tree/layer.h"

namespace chos::test {
namespace {

class Additions : public Scratch {
 protected:
  std::string made(std::vector<Addition> additions) {
    Layer layer;
    layer.place = "/usr/local/bin";
    layer.lower = UniqueFd(::open(directory().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    layer.additions = std::move(additions);
    const auto made = make_additions(path("layers"), layer);
    EXPECT_TRUE(made) << made.error().what;
    return made ? *made : "";
  }
};

TEST_F(Additions, TheSameHaveOneDirectory) {
  const auto one = made({{Addition::Kind::link, "a", "b"}, {Addition::Kind::file, "c", ""}});
  EXPECT_EQ(made({{Addition::Kind::link, "a", "b"}, {Addition::Kind::file, "c", ""}}), one);
  EXPECT_NE(made({{Addition::Kind::link, "a", "c"}, {Addition::Kind::file, "c", ""}}), one);
  EXPECT_NE(made({{Addition::Kind::link, "a", "b"}, {Addition::Kind::directory, "c", ""}}), one);
}

TEST_F(Additions, ALineBreakMakesNoOtherAddition) {
  const auto two = made({{Addition::Kind::link, "a", "b"}, {Addition::Kind::link, "c", "d"}});
  EXPECT_NE(made({{Addition::Kind::link, "a", "b\n2c\nd"}}), two);
  EXPECT_NE(made({{Addition::Kind::link, "a\nb\n2c", "d"}}), two);
}

// Nobody can then find other additions with the same name.
TEST_F(Additions, TheirNameIsASha256) {
  EXPECT_TRUE(is_sha256(std::filesystem::path(made({})).filename().string()));
}

}  // namespace
}  // namespace chos::test
