// SPDX-License-Identifier: BSD-3-Clause
// Names from users in everything that chos prints.
#include <nlohmann/json.hpp>

#include "hostile.h"
#include "program_fixture.h"

namespace chos::test {
namespace {

class ChosHostileNames : public Program {
 protected:
  void SetUp() override {
    Program::SetUp();
    if (!is_root()) GTEST_SKIP() << "needs a list that is root's";
    write("name", hostile);
  }
  // `words` may use $name.
  std::string said(const std::string& words, const std::string& before = "") {
    const auto ran =
        shell("name=$(cat name; echo x); name=${name%x}; " + before + " '" CHOS_TEST_PROGRAM "' " + words);
    expect_harmless(ran.out, words);
    expect_harmless(ran.err, words);
    EXPECT_NE((ran.out + ran.err).find("forged"), std::string::npos) << words << ": " << ran.out << ran.err;
    return ran.out;
  }
};

TEST_F(ChosHostileNames, OfArgumentsAndVariables) {
  for (const char* words : {"-o \"$name\" true", "\"--$name\" true", "--set \"$name\"", "-o trixie \"$name\"",
                            "-o trixie \"./$name\""})
    said(words);
  said("true", "CHOS=\"$name\"");
  said("--why", "CHOS=\"$name\"");
  EXPECT_TRUE(nlohmann::json::accept(said("--why --json", "CHOS=\"$name\"")));
  said("--set trixie", "HOME=\"$PWD/$name\"");
}

TEST_F(ChosHostileNames, OfTheUsersFile) {
  write("home/.chos", "forged\xc2\x9b\xe2\x80\xae\xff");
  said("true");
  said("--why");
  EXPECT_TRUE(nlohmann::json::accept(said("--why --json")));
}

TEST_F(ChosHostileNames, OfTheList) {
  write("list", "trixie:/os/trixie:groups=" + hostile + "\n");
  said("--list");
  said("true");
}

}  // namespace
}  // namespace chos::test
