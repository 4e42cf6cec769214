// SPDX-License-Identifier: BSD-3-Clause
// The built programs, where there is no module: a directory stands for /proc/chos, so that one
// writes a name there and then runs the command here.
#pragma once

#include <sys/wait.h>

#include "scratch.h"

namespace chos::test {

struct Ran {
  int status = -1;
  std::string out, err;
};

class Program : public Scratch {
 protected:
  void SetUp() override {
    Scratch::SetUp();
    write("list",
          "trixie:/os/trixie\nsl6:/os/sl6:closed\nlab:/os/lab:groups=4000000\n"
          "default:/os/trixie\n");
    ASSERT_EQ(::chmod(path("list").c_str(), 0644), 0);
    for (const char* name : {"kernel", "home"}) ASSERT_EQ(::mkdir(path(name).c_str(), 0755), 0);
    write("kernel/setchos", "/\n");
    write("kernel/processes", std::to_string(::getpid()) + " trixie\n");
  }

  // /etc/chos must be root's.
  bool is_root() const { return ::geteuid() == 0; }

  Ran shell(const std::string& command) {
    const std::string whole = "cd '" + directory() + "' && { " + command + "\n} >out 2>err </dev/null";
    const int status =
        std::system(("env -u CHOS " + environment() + "sh -c '" + escaped(whole) + "'").c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read("out"), read("err")};
  }
#ifdef CHOSCTL_TEST_PROGRAM
  // `proc` stands for /proc/chos; "" is that of the node.
  Ran chosctl(const std::string& arguments, const std::string& proc = "") {
    const std::string config = std::filesystem::exists(path("conf")) ? " --config conf " : " ";
    return shell("CHOS_TEST_PROC='" + proc + "' '" CHOSCTL_TEST_PROGRAM "' --allowlist list" + config +
                 arguments);
  }
#endif
  std::string entered() { return read("kernel/setchos"); }

  /// Variables before a command.  The programs that are built for the tests take their paths from them.
  std::string environment() {
    const auto set = [this](const char* name, const char* file) {
      return std::string(name) + "='" + path(file) + "' ";
    };
    return set("HOME", "home") + set("CHOS_TEST_ALLOWLIST", "list") + set("CHOS_TEST_CONFIG", "none") +
           set("CHOS_TEST_PROC", "kernel") + set("CHOS_TEST_LOG", "log");
  }

 private:
  static std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out;
  }
};

}  // namespace chos::test
