// SPDX-License-Identifier: BSD-3-Clause
#include "basic/program_search.h"

#include <cstdlib>

#include "scratch.h"

namespace chos::test {
namespace {

class ProgramSearch : public Scratch {
 protected:
  void make(const std::string& name, mode_t mode = 0755) {
    write(name, "#!/bin/sh\n");
    ASSERT_EQ(::chmod(path(name).c_str(), mode), 0);
  }
};

TEST_F(ProgramSearch, FindsInPathAndThenInTheSystem) {
  const std::string before = std::getenv("PATH");
  ::setenv("PATH", (directory() + ":relative").c_str(), 1);
  make("chos-test-program");
  make("chos-test-text", 0644);
  ASSERT_EQ(::mkdir(path("chos-test-directory").c_str(), 0755), 0);
  EXPECT_EQ(find_program("chos-test-program"), path("chos-test-program"));
  EXPECT_EQ(find_program("chos-test-text"), "");
  EXPECT_EQ(find_program("chos-test-directory"), "");
  EXPECT_TRUE(find_program("sh").ends_with("/sh"));
  ::unsetenv("PATH");
  EXPECT_EQ(find_program("chos-test-program"), "");
  EXPECT_TRUE(find_program("sh").ends_with("/sh"));
  ::setenv("PATH", before.c_str(), 1);
}

TEST_F(ProgramSearch, TakesAPathAsItIs) {
  make("program");
  make("text", 0644);
  EXPECT_EQ(find_program(path("program")), path("program"));
  EXPECT_EQ(find_program(path("text")), "");
  EXPECT_EQ(find_program(directory()), "");
}

}  // namespace
}  // namespace chos::test
