// SPDX-License-Identifier: BSD-3-Clause
// chos_jobstarter --pam, with services in a scratch directory and modules of the system.
#include <fcntl.h>
#include <poll.h>

#include <csignal>

#include "log_socket.h"
#include "process_state.h"
#include "program_fixture.h"

namespace chos::test {
namespace {

class StarterPam : public Program {
 protected:
  void SetUp() override {
    Program::SetUp();
    if (!is_root()) GTEST_SKIP() << "needs a list that is root's";
    if (CHOS_TEST_SANITIZED) GTEST_SKIP() << "LeakSanitizer would also judge the PAM modules of the system";
    // For a user who cannot look into the build directory.
    for (const char* program : {CHOS_STARTER, CHOS_SESSION})
      std::filesystem::copy_file(program, path(std::filesystem::path(program).filename()));
    ASSERT_EQ(::mkdir(path("pam.d").c_str(), 0755), 0);
    for (const char* name : {"", "kernel", "home"}) ASSERT_EQ(::chmod(path(name).c_str(), 0777), 0);
    ASSERT_EQ(::chmod(path("kernel/setchos").c_str(), 0666), 0);
    log_.listen(path("log"));
    write("pam.d/other", "auth required pam_deny.so\nsession required pam_deny.so\n");
    write("note", "#!/bin/sh\necho $PAM_TYPE $PAM_USER $PAM_SERVICE >>'" + path("notes") + "'\n");
    ASSERT_EQ(::chmod(path("note").c_str(), 0755), 0);
    service("session required pam_exec.so " + path("note") + "\n");
  }
  void service(const std::string& rules) { write("pam.d/job", "auth required pam_permit.so\n" + rules); }

  void to_base() { write("kernel/setchos", "/\n"); }
  std::string pam(const std::string& words, const std::string& before = "") {
    return before + " CHOS_TEST_PAM_DIR=" + path("pam.d") +
           " CHOS_TEST_SESSION_PROGRAM=" + path("chos_jobsession") + " '" + path("chos_jobstarter") + "' " +
           words;
  }
  Ran starter(const std::string& words, const std::string& before = "") {
    to_base();
    return shell(pam(words, before));
  }

  // In a process group of its own; `words` are exec'ed, so that this is the starter's process.
  pid_t start(const std::string& words) {
    to_base();
    const std::string command =
        "cd '" + directory() + "'; exec env CHOS=trixie " + environment() + pam("--pam job " + words);
    const pid_t child = ::fork();
    if (child == 0) {
      ::setpgid(0, 0);
      ::execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
      ::_exit(99);
    }
    return child;
  }
  static int end_of(pid_t child) {
    int status = 0;
    return ::waitpid(child, &status, 0) == child ? status : -1;
  }
  // A line of a FIFO that the job writes to; waits for it.
  std::string line(int fd) {
    std::string text;
    char c = 0;
    struct pollfd wait {
      fd, POLLIN, 0
    };
    while (::poll(&wait, 1, 60000) > 0 && ::read(fd, &c, 1) == 1 && c != '\n') text += c;
    return text;
  }
  int fifo() {
    EXPECT_EQ(::mkfifo(path("said").c_str(), 0666), 0);
    EXPECT_EQ(::mkfifo(path("never").c_str(), 0666), 0);
    return ::open(path("said").c_str(), O_RDWR | O_CLOEXEC);
  }
  static bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  }

  const std::string noted_ = "open_session root job\njob\nclose_session root job\n";
  LogSocket log_;
};

TEST_F(StarterPam, ASessionRoundTheJob) {
  const auto ran = starter("--pam job sh -c 'echo job >>notes; echo $CHOS; exit 7'", "CHOS=trixie");
  EXPECT_EQ(ran.status, 7) << ran.err;
  EXPECT_EQ(ran.out, "trixie\n");
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(read("notes"), noted_);
  EXPECT_EQ(entered().rfind("trixie", 0), 0u);
  EXPECT_TRUE(log_.lines().empty());
}

TEST_F(StarterPam, LimitsOfPam) {
  service("session required pam_limits.so conf=" + path("limits") + "\n");
  write("limits", "root hard nofile 60\nroot soft nofile 50\nnobody - nofile 40\n");
  EXPECT_EQ(starter("--pam job sh -c 'ulimit -Sn; ulimit -Hn'").out, "50\n60\n");
  EXPECT_EQ(starter("sh -c 'ulimit -Sn'", "ulimit -n 77; ").out, "77\n") << "not without --pam";
  if (std::system("command -v setpriv >/dev/null && id nobody >/dev/null") != 0)
    GTEST_SKIP() << "needs setpriv and nobody";
  const auto ran = starter("--pam job sh -c 'id -un; ulimit -Hn; echo $CHOS'",
                           "CHOS=trixie setpriv --reuid=nobody --clear-groups env");
  EXPECT_EQ(ran.out, "nobody\n40\ntrixie\n") << ran.err;
}

TEST_F(StarterPam, TheJobIsAsWithoutASession) {
  service("session required pam_permit.so\n");
  write(
      "look",
      "env | grep -v -e ^CHOS_TEST_ -e ^_=; ls /proc/self/fd; grep ^Sig[PBIC] /proc/self/status; ulimit -a; "
      "umask; pwd; printf '<%s>' \"$@\"; cat\n");
  const std::string before =
      "exec 7<list; trap \"\" USR1 CHLD; umask 027; export CHOS=trixie Z=1 A=; "
      "echo input | ";
  const std::string job = "sh look \"a  b\" \"\" -x -- --pam";
  to_base();
  const auto direct = shell(before + job);
  const auto started = shell(before + pam("--pam job " + job));
  EXPECT_EQ(started.out, direct.out) << started.err;
  // Shells clear the mask of signals.
  EXPECT_EQ(starter("--pam job grep ^SigBlk /proc/self/status").out, "SigBlk:\t0000000000000000\n");
  EXPECT_TRUE(has(direct.out, "<a  b><><-x><--><--pam>input")) << direct.out;
}

TEST_F(StarterPam, ATerminal) {
  if (std::system("command -v script >/dev/null") != 0) GTEST_SKIP() << "needs script(1)";
  write("t", pam("--pam job sh -c 'test -t 0 && test -t 1 && : </dev/tty && ps -o stat= -p $$'"));
  const auto typed = shell("script -qec \"sh t\" /dev/null");
  EXPECT_TRUE(has(typed.out, "+")) << "in the foreground: " << typed.out << typed.err;
}

TEST_F(StarterPam, TheEnvironmentOfPam) {
  service("session required pam_env.so readenv=0 conffile=" + path("env.conf") + "\n");
  write("env.conf", "FROM_PAM DEFAULT=yes\nCHOS DEFAULT=sl6\n");
  const auto ran = starter("--pam job sh -c 'echo $FROM_PAM $CHOS $KEPT'", "CHOS=trixie KEPT=1");
  EXPECT_EQ(ran.out, "yes trixie 1\n") << ran.err;
  EXPECT_EQ(entered().rfind("trixie", 0), 0u);
}

TEST_F(StarterPam, FormsAndOptionsStay) {
  EXPECT_EQ(starter("-o trixie --pam job -- echo -o x").out, "-o x\n");
  EXPECT_EQ(starter("--pam=job --lsf 'echo $CHOS | tr t T; exit 3'", "CHOS=trixie").status, 3);
  EXPECT_EQ(starter("--pam job --sge echo --pam x", "CHOS=trixie").out, "--pam x\n");
  EXPECT_EQ(starter("--pam job --sge no-such-command", "CHOS=trixie").status, 100);
  EXPECT_EQ(starter("--pam job no-such-command", "CHOS=trixie").status, 127);
}

TEST_F(StarterPam, NoSessionNoJob) {
  const auto refused = [this](const std::string& words, int status, const std::string& why) {
    const auto ran = starter(words, "CHOS=trixie");
    EXPECT_EQ(ran.status, status) << words;
    EXPECT_EQ(ran.out, "");
    EXPECT_TRUE(has(ran.err, why)) << ran.err;
    EXPECT_TRUE(has(ran.err, "the job was not started")) << ran.err;
    const auto lines = log_.lines();
    EXPECT_TRUE(lines.size() == 1 && has(lines[0], why)) << lines.size();
    EXPECT_EQ(entered(), "/\n");
  };
  refused("--pam nosuch echo wrong", 126, "there is no PAM service 'nosuch'");
  refused("--pam ../x echo wrong", 126, "cannot be the name of a PAM service");
  service("session required pam_deny.so\n");
  refused("--pam job echo wrong", 126, "PAM service 'job': cannot open a session");
  refused("--pam job --sge echo wrong", 100, "PAM service 'job': cannot open a session");
  // Other errors are found before any session is opened.
  service("session required pam_exec.so " + path("note") + "\n");
  refused("-o sarge --pam job echo wrong", 126, "'sarge'");
  EXPECT_FALSE(std::filesystem::exists(path("notes")));
  std::filesystem::remove(path("chos_jobsession"));
  refused("--pam job echo wrong", 126, "was chos built without PAM?");
}

TEST_F(StarterPam, ASessionThatWouldMoveTheStarter) {
  write("move", "#!/bin/sh\necho trixie >'" + path("kernel/setchos") + "'\n");
  ASSERT_EQ(::chmod(path("move").c_str(), 0755), 0);
  service("session required pam_exec.so type=open_session " + path("move") +
          "\n"
          "session required pam_exec.so " +
          path("note") + "\n");
  const auto ran = starter("--pam job echo wrong", "CHOS=trixie");
  EXPECT_EQ(ran.status, 126);
  EXPECT_EQ(ran.out, "");
  EXPECT_TRUE(has(ran.err, "has moved the starter itself into trixie")) << ran.err;
  EXPECT_EQ(read("notes"), "open_session root job\nclose_session root job\n") << "closed again";
}

TEST_F(StarterPam, InsideAnOs) {
  write("kernel/setchos", "trixie\n");
  const auto ran = shell("CHOS=trixie " + pam("--pam job echo wrong"));
  EXPECT_EQ(ran.status, 126);
  EXPECT_TRUE(has(ran.err, "in the base OS only")) << ran.err;
}

TEST_F(StarterPam, TheEndOfTheJob) {
  const int status = end_of(start("sh -c 'echo job >>notes; kill -TERM $$'"));
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM) << status;
  EXPECT_EQ(read("notes"), noted_);
  for (const int signal : {SIGKILL, SIGSEGV, SIGUSR1}) {
    const int ended = end_of(start("sh -c 'kill -" + std::to_string(signal) + " $$'"));
    EXPECT_TRUE(WIFSIGNALED(ended) && WTERMSIG(ended) == signal) << ended;
    EXPECT_FALSE(WCOREDUMP(ended));
  }
}

TEST_F(StarterPam, SignalsGoOnToTheJob) {
  const int said = fifo();
  for (const char* name : {"TERM", "INT", "HUP", "QUIT", "USR1", "USR2", "CONT", "ALRM"}) {
    const pid_t starter = start("sh -c 'trap \"echo got " + std::string(name) + " >said; exit 5\" " + name +
                                "; echo ready >said; while :; do read x <never 2>/dev/null; done'");
    ASSERT_EQ(line(said), "ready");
    std::system(("kill -" + std::string(name) + " " + std::to_string(starter)).c_str());
    EXPECT_EQ(line(said), "got " + std::string(name));
    const int status = end_of(starter);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 5) << name << " " << status;
  }
  ::close(said);
}

TEST_F(StarterPam, StoppedAndContinued) {
  const int said = fifo();
  const pid_t starter = start("sh -c 'echo $$ >said; kill -TSTP $$; echo on >said; exit 4'");
  const pid_t job = static_cast<pid_t>(std::stol(line(said)));
  EXPECT_NE(job, starter);
  int status = 0;
  ASSERT_EQ(::waitpid(starter, &status, WUNTRACED), starter);
  EXPECT_TRUE(WIFSTOPPED(status)) << status;
  ::kill(starter, SIGCONT);
  EXPECT_EQ(line(said), "on");
  status = end_of(starter);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 4) << status;
  ::close(said);
}

TEST_F(StarterPam, AStarterThatIsKilledTakesTheJobAlong) {
  const int said = fifo();
  ASSERT_EQ(::mkfifo(path("held").c_str(), 0666), 0);
  const pid_t starter = start("sh -c 'exec 9>held; echo $$ >said; read x <never'");
  // Ends when the job's process has ended.
  const int held = ::open(path("held").c_str(), O_RDONLY | O_CLOEXEC);
  const pid_t job = static_cast<pid_t>(std::stol(line(said)));
  ::kill(starter, SIGKILL);
  struct pollfd end {
    held, POLLIN, 0
  };
  EXPECT_EQ(::poll(&end, 1, 60000), 1);
  if (end.revents == 0) ::kill(job, SIGKILL);
  EXPECT_TRUE(WIFSIGNALED(end_of(starter)));
  ::close(held);
  ::close(said);
}

}  // namespace
}  // namespace chos::test
