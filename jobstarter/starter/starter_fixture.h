// SPDX-License-Identifier: BSD-3-Clause
// The built chos_jobstarter, where there is no module.
#pragma once

#include "log_socket.h"
#include "program_fixture.h"

namespace chos::test {

class Starter : public Program {
 protected:
  void SetUp() override {
    Program::SetUp();
    if (!is_root()) GTEST_SKIP() << "needs a list that is root's";
    log_.listen(path("log"));
  }
  Ran starter(const std::string& words, const std::string& before = "") {
    return shell(before + " '" CHOS_STARTER "' " + words);
  }
  void no_default() {
    write("list", "trixie:/os/trixie\nsl6:/os/sl6:closed\n");
    ASSERT_EQ(::chmod(path("list").c_str(), 0644), 0);
  }

  LogSocket log_;
};

}  // namespace chos::test
