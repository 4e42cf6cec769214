// SPDX-License-Identifier: BSD-3-Clause
#include "basic/subprocess.h"

#include <fcntl.h>
#include <signal.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "basic/child_process.h"
#include "basic/files.h"
#include "process_state.h"
#include "scratch.h"

namespace chos::test {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::seconds;

class Subprocess : public Scratch {
 protected:
  static Result<CommandOutput> shell(const std::string& script, double limit = 20) {
    return run_command({"/bin/sh", "-c", script}, limit);
  }
};

TEST_F(Subprocess, IsRunWithoutAShell) {
  const auto good = run_system_command({"true", "; exit 1"}, 20);
  ASSERT_TRUE(good);
  EXPECT_EQ(good->status, 0);
  const auto failed = run_system_command({"ls", "/nonexistent-file"}, 20);
  ASSERT_TRUE(failed);
  EXPECT_NE(failed->status, 0);
  EXPECT_NE(failed->said().find("nonexistent-file"), std::string::npos);
  EXPECT_EQ(run_system_command({"no-such-program-at-all"}, 20).error().code, ENOENT);
  EXPECT_EQ(run_command({path("none")}, 20).error().code, ENOENT);
  write("no-format",
        "\x7f"
        "ELF");
  ASSERT_EQ(::chmod(path("no-format").c_str(), 0755), 0);
  EXPECT_EQ(run_command({path("no-format")}, 20).error().code, ENOEXEC);
  EXPECT_TRUE(no_child_left());
}

TEST_F(Subprocess, SaysHowItEndedAndWhatItWrote) {
  const auto done = shell("echo out; echo err >&2; echo; exit 7");
  ASSERT_TRUE(done);
  EXPECT_EQ(done->status, 7);
  EXPECT_EQ(done->out, "out");
  EXPECT_EQ(done->err, "err");
  EXPECT_EQ(done->said(), "err");
  EXPECT_EQ(shell("kill -TERM $$")->status, 128 + SIGTERM);
  EXPECT_EQ(shell("head -c 3000000 /dev/zero")->out.size(), 1024u * 1024);
  EXPECT_EQ(shell("printf 'a\\033[1m\\nb'")->said(), "a?[1m b");
}

TEST_F(Subprocess, HasNothingOfOurs) {
  // One that is left open by mistake, and one of high number.
  const UniqueFd open(::open("/dev/null", O_RDONLY));
  const UniqueFd high(::fcntl(open.get(), F_DUPFD, 200));
  ASSERT_TRUE(high);
  const auto seen = shell("ls /proc/$$/fd; readlink /proc/$$/fd/0");
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->out, "0\n1\n2\n/dev/null");
  ::setenv("CHOS_TEST_MARK", "here", 1);
  EXPECT_EQ(shell("echo $CHOS_TEST_MARK")->out, "here");
  const auto minimal = run_system_command({"env"}, 20);
  ::unsetenv("CHOS_TEST_MARK");
  ASSERT_TRUE(minimal);
  EXPECT_EQ(minimal->out, "PATH=/usr/sbin:/usr/bin:/sbin:/bin");
}

// Also where this process has no standard streams.
TEST_F(Subprocess, WorksWithoutStandardStreams) {
  write("no-format",
        "\x7f"
        "ELF");
  ASSERT_EQ(::chmod(path("no-format").c_str(), 0755), 0);
  EXPECT_EQ(in_a_process([program = path("no-format")] {
              for (const int fd : {0, 1, 2}) ::close(fd);
              const auto done = shell("echo out; echo err >&2");
              if (!done || done->out != "out" || done->err != "err") return 1;
              const auto refused = run_command({program}, 20);
              return !refused && refused.error().code == ENOEXEC ? 0 : 2;
            }),
            0);
}

TEST_F(Subprocess, BlocksNoSignals) {
  EXPECT_EQ(in_a_process([] {
              sigset_t all;
              ::sigfillset(&all);
              ::sigprocmask(SIG_SETMASK, &all, nullptr);
              ::signal(SIGPIPE, SIG_IGN);
              // Not by a shell, which may unblock them itself.
              const auto seen = run_command({"grep", "-E", "Sig(Blk|Ign)", "/proc/self/status"}, 20);
              return seen && seen->out == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000" ? 0 : 1;
            }),
            0);
}

TEST_F(Subprocess, IsKilledWithAllItStarted) {
  const auto began = Clock::now();
  // A child keeps the output open; the program itself has ended.
  const auto late = shell("sleep 100 & echo $! > " + path("pid"), 1);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ETIMEDOUT);
  EXPECT_LT(Clock::now() - began, seconds(20));
  const pid_t pid = std::atoi(read("pid").c_str());
  ASSERT_GT(pid, 0);
  for (int i = 0; i < 100 && status_line(pid, "State") != "none" && status_line(pid, "State")[0] != 'Z'; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const std::string state = status_line(pid, "State");
  EXPECT_TRUE(state == "none" || state[0] == 'Z') << state;
  // It has closed its output, but goes on.
  EXPECT_EQ(shell("exec >&- 2>&-; sleep 100", 1).error().code, ETIMEDOUT);
  EXPECT_TRUE(no_child_left());
}

TEST_F(Subprocess, IsStoppedWhenTheCallerSaysSo) {
  ProgramRun run;
  run.program = "/bin/sh";
  run.arguments = {"sh", "-c", "echo one; echo two >&2; sleep 100"};
  run.seconds = 60;
  run.joins_output = true;
  std::string said;
  run.output = [&said](int descriptor, std::string_view part) {
    said += std::to_string(descriptor) + std::string(part);
  };
  run.goes_on = [&said] { return said.find("two") == std::string::npos; };
  const auto status = run_program(run);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, EINTR);
  EXPECT_NE(said.find("one"), std::string::npos);
  EXPECT_EQ(said.find('2'), std::string::npos) << said;
}

TEST_F(Subprocess, InheritsNothingThatThisProcessWasGiven) {
  EXPECT_EQ(in_a_process([] {
              const UniqueFd given(::open("/dev/null", O_RDONLY));
              close_at_exec(3);
              return ::fcntl(given.get(), F_GETFD) == FD_CLOEXEC && ::fcntl(2, F_GETFD) == 0 ? 0 : 1;
            }),
            0);
}

TEST_F(Subprocess, InheritsALockIfItIsContained) {
  const UniqueFd lock(::open("/dev/null", O_RDONLY));
  const UniqueFd closed(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  ProgramRun run;
  run.program = "/bin/sh";
  run.arguments = {"sh", "-c", "ls /proc/$$/fd"};
  run.seconds = 20;
  run.is_contained = true;
  std::string said = "\n";
  run.output = [&said](int, std::string_view part) { said += part; };
  ASSERT_TRUE(run_program(run));
  EXPECT_NE(said.find("\n" + std::to_string(lock.get()) + "\n"), std::string::npos) << said;
  EXPECT_EQ(said.find("\n" + std::to_string(closed.get()) + "\n"), std::string::npos) << said;
}

}  // namespace
}  // namespace chos::test
