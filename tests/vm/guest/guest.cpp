/* SPDX-License-Identifier: BSD-3-Clause */
#include "guest.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>

namespace chos::guest {

namespace {

bool failed = false;

/* In memory that all processes of a case share.  Later failures are mostly consequences of the first. */
struct FirstFailure {
  std::atomic<bool> taken;
  char text[500];
};
FirstFailure* first = nullptr;

std::vector<const Registration*>& cases() {
  static std::vector<const Registration*> list;
  return list;
}

void remember(const std::string& text) {
  if (!first || first->taken.exchange(true)) return;
  text.copy(first->text, sizeof first->text - 1);
}

void say(const std::string& line) {
  const std::string whole = line + "\n";
  if (write(STDERR_FILENO, whole.data(), whole.size()) < 0) _exit(1);
}

}  // namespace

Registration::Registration(const char* n, int s, Body b) : name(n), seconds(s), body(b) {
  cases().push_back(this);
}

const std::vector<const Registration*>& all_cases() { return cases(); }

void fail(const char* file, int line, const std::string& what) {
  const char* slash = strrchr(file, '/');
  std::ostringstream out;
  out << "FAIL " << (slash ? slash + 1 : file) << ":" << line << " (pid " << getpid() << " uid " << geteuid()
      << ") " << what;
  say(out.str());
  remember(out.str());
  throw Failure{};
}

void skip(const std::string& why) { throw Skip{why}; }

void note(const std::string& text) { say("  " + text); }

bool long_run() {
  const char* value = getenv("CHOS_LONG");
  return value && strcmp(value, "1") == 0;
}

double time_scale() {
  const char* value = getenv("CHOS_TIME_SCALE");
  const double scale = value ? atof(value) : 1.0;
  return scale > 0 ? scale : 1.0;
}

std::string show(std::string_view text) {
  std::string out = "\"";
  for (const char c : text.substr(0, 300)) {
    if (c == '\n') {
      out += "\\n";
    } else if (c >= ' ' && c < 127) {
      out += c;
    } else {
      out += '?';
    }
  }
  return out + (text.size() > 300 ? "\"..." : "\"");
}

std::string show_result(long result) {
  if (result >= 0) return "ok " + std::to_string(result);
  const char* name = strerrorname_np(static_cast<int>(-result));
  return name ? name : "error " + std::to_string(-result);
}

long check_ok(const char* file, int line, const char* text, long result) {
  if (result < 0) fail(file, line, std::string(text) + " gave " + show_result(result));
  return result;
}

void check_err(const char* file, int line, const char* text, long result, int error) {
  if (result != -error) {
    fail(file, line, std::string(text) + " gave " + show_result(result) + ", wanted " + show_result(-error));
  }
}

void become(const Who& who) {
  if (geteuid() != 0 && geteuid() == who.uid) return; /* already that user */
  CHECK_OK(setgroups(who.groups.size(), who.groups.data()) ? -errno : 0);
  CHECK_OK(setresgid(who.gid, who.gid, who.gid) ? -errno : 0);
  CHECK_OK(setresuid(who.uid, who.uid, who.uid) ? -errno : 0);
}

pid_t start(const Who& who, const std::function<void()>& code) {
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) fail(__FILE__, __LINE__, "fork gave " + show_result(-errno));
  if (pid) return pid;
  try {
    become(who);
    /* After become(), because a change of credentials clears it. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    prctl(PR_SET_DUMPABLE, 1);
    code();
  } catch (const Failure&) {
    _exit(1);
  } catch (const Skip& skipped) {
    remember(skipped.why);
    _exit(77);
  } catch (const std::exception& error) {
    say(std::string("FAIL exception: ") + error.what());
    _exit(1);
  }
  _exit(0);
}

int wait_status(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) fail(__FILE__, __LINE__, "waitpid gave " + show_result(-errno));
  }
  return status;
}

void finish(const char* file, int line, pid_t pid) {
  const int status = wait_status(pid);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) throw Skip{first_failure()};
  if (WIFSIGNALED(status)) {
    fail(file, line, std::string("the child was killed by a signal: ") + strsignal(WTERMSIG(status)));
  }
  fail(file, line, "the child failed");
}

void end_child(pid_t pid) {
  kill(pid, SIGKILL);
  wait_status(pid);
}

std::vector<char*> argv_of(const std::vector<std::string>& arguments) {
  std::vector<char*> argv;
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  return argv;
}

int exec(const std::vector<std::string>& arguments) {
  const auto argv = argv_of(arguments);
  execv(argv[0], argv.data());
  return -errno;
}

int run_program(const std::vector<std::string>& arguments, const std::function<void()>& how) {
  const pid_t pid = fork();
  if (pid < 0) fail(__FILE__, __LINE__, "fork gave " + show_result(-errno));
  if (pid == 0) {
    try {
      if (how) how();
      const int error = exec(arguments);
      say("FAIL exec " + arguments[0] + " gave " + show_result(error));
    } catch (const Failure&) {}
    _exit(126);
  }
  return wait_status(pid);
}

std::function<void()> checked(std::function<void()> code) {
  return [code = std::move(code)] {
    try {
      code();
    } catch (const Failure&) {
      _exit(1);
    }
  };
}

void mark_failed(const std::string& why) {
  say("FAIL " + why);
  remember("FAIL " + why);
  failed = true;
}

std::string first_failure() { return first ? first->text : ""; }

void prepare_failures() {
  void* at = mmap(nullptr, sizeof *first, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  first = at == MAP_FAILED ? nullptr : new (at) FirstFailure();
}

bool marked_failed() { return failed; }

}  // namespace chos::guest
