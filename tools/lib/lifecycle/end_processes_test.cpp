// SPDX-License-Identifier: BSD-3-Clause
#include "lifecycle/end_processes.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "kernel/proc_chos.h"
#include "scratch.h"

namespace chos::test {
namespace {

class EndProcesses : public Scratch {
 protected:
  // Starts a child that waits for a signal; a stubborn one ignores SIGTERM.
  pid_t start(bool stubborn) {
    int ready[2];
    EXPECT_EQ(::pipe(ready), 0);
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::signal(SIGTERM, stubborn ? SIG_IGN : SIG_DFL);
      ::close(ready[0]);
      ::close(ready[1]);
      for (;;) ::pause();
    }
    ::close(ready[1]);
    char byte = 0;
    EXPECT_EQ(::read(ready[0], &byte, 1), 0);
    ::close(ready[0]);
    return pid;
  }
  int signal_of(pid_t pid) {
    int status = 0;
    EXPECT_EQ(::waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  }
  // Writes the file that stands in for the kernel's.  It also lists processes that have ended.
  void in_an_os(std::initializer_list<pid_t> pids) {
    std::string text;
    for (const pid_t pid : pids) text += std::to_string(pid) + " trixie\n";
    write("processes", text);
  }
};

TEST_F(EndProcesses, WithoutProcesses) {
  in_an_os({});
  const auto outcome = end_processes(ProcChos(directory()), 10000);
  EXPECT_EQ(outcome.ended + outcome.remaining, 0u);
}

TEST_F(EndProcesses, SendsSigtermAndThenSigkill) {
  const pid_t easy = start(false), stubborn = start(true), outside = start(false);
  in_an_os({easy, stubborn});
  const auto outcome = end_processes(ProcChos(directory()), 300);
  EXPECT_EQ(outcome.ended, 2u);
  EXPECT_EQ(outcome.remaining, 0u);
  EXPECT_EQ(signal_of(easy), SIGTERM);
  EXPECT_EQ(signal_of(stubborn), SIGKILL);
  EXPECT_EQ(::kill(outside, 0), 0);
  ::kill(outside, SIGKILL);
  EXPECT_EQ(signal_of(outside), SIGKILL);
}

}  // namespace
}  // namespace chos::test
