/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * chos-guest list        prints the name and the time limit in seconds of every case
 * chos-guest run NAME    runs one case as root; exits with 0 if it passed, 77 if it was skipped,
 *                        else it failed.  The last line of output says why it was skipped or failed.
 *
 * Called by the name "probe", it is the program that cases run inside an OS (probe.cpp).
 */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <set>

#include "guest.h"
#include "node.h"
#include "probe.h"
#include "sys.h"

namespace chos::guest {
namespace {

constexpr int kSkipped = 77;

int run_body(const Registration& test) {
  try {
    make_base();
    test.body();
  } catch (const Failure&) {
    return 1;
  } catch (const Skip& skipped) {
    printf("%s\n", skipped.why.c_str());
    fflush(stdout);
    return marked_failed() ? 1 : kSkipped;
  } catch (const std::exception& error) {
    mark_failed(std::string("exception: ") + error.what());
  }
  return marked_failed() ? 1 : 0;
}

double now() {
  timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return static_cast<double>(at.tv_sec) + static_cast<double>(at.tv_nsec) / 1e9;
}

/*
 * The children of this process, zombies included.  This process is a subreaper, so whatever a case
 * left running is among them.
 */
std::vector<pid_t> children() {
  std::vector<pid_t> found;
  for (const auto& name : names_in("/proc")) {
    if (name[0] < '0' || name[0] > '9') continue;
    int error = 0;
    const std::string stat = get("/proc/" + name + "/stat", &error);
    const size_t end = stat.rfind(')');
    if (error < 0 || end == std::string::npos) continue;
    char state = 0;
    int parent = 0;
    if (sscanf(stat.c_str() + end + 1, " %c %d", &state, &parent) == 2 && parent == getpid()) {
      found.push_back(atoi(name.c_str()));
    }
  }
  return found;
}

/* Prints the kernel stacks of the processes of a case that hangs. */
void print_stacks() {
  int shown = 0;
  for (const auto& name : names_in("/proc")) {
    if (name[0] < '0' || name[0] > '9') continue;
    int error = 0;
    const std::string command = get("/proc/" + name + "/cmdline", &error);
    if (command.empty() || atoi(name.c_str()) <= 1) continue;
    if (command.find("probe") == std::string::npos && command.find("chos") == std::string::npos) {
      continue;
    }
    std::string stack = get("/proc/" + name + "/stack", &error);
    for (char& c : stack) c = c == '\n' ? ' ' : c;
    note("pid " + name + " " + get("/proc/" + name + "/wchan", &error) + " " + stack.substr(0, 400));
    if (++shown == 12) return;
  }
}

/* Kills the processes that the case left running. */
void end_children() {
  for (;;) {
    const auto left = children();
    if (left.empty()) return;
    for (const pid_t pid : left) {
      kill(pid, SIGKILL);
      waitpid(pid, nullptr, 0);
    }
  }
}

int wait_for_case(pid_t pid, double deadline) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  for (;;) {
    int status = 0;
    pid_t ended = 0;
    while ((ended = waitpid(-1, &status, WNOHANG)) > 0) {
      if (ended != pid) continue;
      if (WIFEXITED(status)) return WEXITSTATUS(status);
      mark_failed(std::string("the case was killed by a signal: ") + strsignal(WTERMSIG(status)));
      return 1;
    }
    const double left = deadline - now();
    if (left <= 0) {
      mark_failed("the case exceeded its time limit");
      print_stacks();
      return 1;
    }
    timespec span;
    span.tv_sec = static_cast<time_t>(left);
    span.tv_nsec = static_cast<long>((left - static_cast<double>(span.tv_sec)) * 1e9);
    sigtimedwait(&set, nullptr, &span);
  }
}

int run_case(const Registration& test) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  prepare_failures();
  if (module_loaded()) {
    const std::string trouble = clean_up(CHOS_FARM_DEFAULT);
    if (!trouble.empty()) {
      mark_failed("the module is already loaded and cannot be unloaded: " + trouble);
      return 1;
    }
  }
  const auto mounts_before = mount_points();
  int error = 0;
  const std::string pid_max = get("/proc/sys/kernel/pid_max", &error);
  sigset_t set, old;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_BLOCK, &set, &old);
  const double begin = now();
  const pid_t pid = fork();
  if (pid == 0) {
    sigprocmask(SIG_SETMASK, &old, nullptr);
    const int status = run_body(test);
    fflush(nullptr);
    _exit(status);
  }
  int status = wait_for_case(pid, begin + test.seconds * time_scale());
  end_children();
  put("/proc/sys/kernel/pid_max", pid_max);
  const std::set<std::string> kept(mounts_before.begin(), mounts_before.end());
  bool clean = !module_loaded();
  for (const auto& at : mount_points()) clean = clean && kept.count(at);
  if (!clean) {
    if (status == 0) mark_failed("the case left mounts or the module behind");
    status = 1;
    auto mounts = mount_points();
    for (auto at = mounts.rbegin(); at != mounts.rend(); ++at) {
      if (!kept.count(*at)) umount_lazily(*at);
    }
    const std::string trouble = clean_up(CHOS_FARM_DEFAULT);
    if (!trouble.empty()) mark_failed("the clean-up after the case failed: " + trouble);
  }
  if (status == 0) printf("%.1f s\n", now() - begin);
  if (status != 0 && status != kSkipped) printf("%s\n", first_failure().c_str());
  return status;
}

}  // namespace
}  // namespace chos::guest

int main(int argc, char** argv) {
  using namespace chos::guest;
  const char* slash = strrchr(argv[0], '/');
  if (strcmp(slash ? slash + 1 : argv[0], "probe") == 0) return probe(argc, argv);
  if (argc == 2 && strcmp(argv[1], "list") == 0) {
    for (const auto* test : all_cases()) printf("%s %d\n", test->name, test->seconds);
    return 0;
  }
  if (argc == 3 && strcmp(argv[1], "run") == 0) {
    for (const auto* test : all_cases()) {
      if (strcmp(test->name, argv[2]) == 0) return run_case(*test);
    }
    fprintf(stderr, "no such case: %s\n", argv[2]);
    return 2;
  }
  fprintf(stderr, "usage: chos-guest list | run NAME\n");
  return 2;
}
