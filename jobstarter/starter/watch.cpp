// SPDX-License-Identifier: BSD-3-Clause
#include "starter/watch.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "basic/files.h"

namespace chos::starter {
namespace {

// Signals that a batch system, a user or the kernel may send.  SIGCHLD reports changes of the job.
constexpr int forwarded[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGUSR1,  SIGUSR2,
                             SIGALRM, SIGCONT, SIGTSTP, SIGXCPU, SIGWINCH, SIGURG};

bool is_job_control(int signal) { return signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU; }

}  // namespace

Watch::Watch() {
  ::sigemptyset(&awaited_);
  ::sigaddset(&awaited_, SIGCHLD);
  for (const int signal : forwarded) ::sigaddset(&awaited_, signal);
  // If SIGCHLD were ignored, the child's status would be lost.
  struct sigaction usual {};
  usual.sa_handler = SIG_DFL;
  ::sigaction(SIGCHLD, &usual, &child_before_);
}

void Watch::restore() const {
  ::sigaction(SIGCHLD, &child_before_, nullptr);
  ::sigprocmask(SIG_SETMASK, &before_, nullptr);
}

Result<int> Watch::run(const std::function<int()>& become) {
  const pid_t parent = ::getpid();
  ::sigprocmask(SIG_BLOCK, &awaited_, &before_);
  const pid_t child = ::fork();
  if (child < 0) return system_error("cannot make a process for the job", errno);
  if (child == 0) {
    // A job does not outlive the process that the batch system knows.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(128 + SIGKILL);
    restore();
    ::_exit(become());
  }
  return wait_for(child);
}

int Watch::wait_for(pid_t child) const {
  for (;;) {
    siginfo_t info{};
    const int signal = ::sigwaitinfo(&awaited_, &info);
    if (signal < 0) continue;  // EINTR: stopped and continued
    if (signal != SIGCHLD) {
      // The terminal's signals go to its whole process group, including the child.
      const bool of_kernel = info.si_code == SI_KERNEL;
      if (!of_kernel && info.si_pid != child) ::kill(child, signal);
      continue;
    }
    // Several SIGCHLD may have been merged into one, and PAM modules may have had children.
    int status = 0;
    while (::waitpid(child, &status, WNOHANG | WUNTRACED) == child) {
      if (!WIFSTOPPED(status)) return status;
      if (!is_job_control(WSTOPSIG(status))) continue;
      ::kill(::getpid(), SIGSTOP);
      ::kill(child, SIGCONT);
    }
  }
}

void end_as(int status) {
  if (WIFEXITED(status)) std::exit(WEXITSTATUS(status));
  const int signal = WTERMSIG(status);
  const struct rlimit none { 0, 0 };
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_DUMPABLE, 0);
  struct sigaction usual {};
  usual.sa_handler = SIG_DFL;
  ::sigaction(signal, &usual, nullptr);
  sigset_t only;
  ::sigemptyset(&only);
  ::sigaddset(&only, signal);
  ::raise(signal);
  ::sigprocmask(SIG_UNBLOCK, &only, nullptr);
  std::_Exit(128 + signal);
}

std::set<int> open_descriptors() {
  std::set<int> found;
  const auto all = open_entries("/proc/self/fd");
  while (const dirent* entry = all ? next_entry(all) : nullptr) {
    char* end = nullptr;
    const long fd = std::strtol(entry->d_name, &end, 10);
    if (end != entry->d_name && *end == '\0' && fd != ::dirfd(all.get())) found.insert(static_cast<int>(fd));
  }
  return found;
}

void close_others_at_exec(const std::set<int>& keep) {
  for (const int fd : open_descriptors())
    if (keep.count(fd) == 0) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

}  // namespace chos::starter
