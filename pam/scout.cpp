// SPDX-License-Identifier: BSD-3-Clause
#include "pam/scout.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <ctime>
#include <memory>

#include "basic/files.h"
#include "basic/text.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

namespace chos::pam {
namespace {

// A question to the child: room for the longest paths, and no pointers.
struct Question {
  enum class Kind : int { fetch, look } kind = Kind::fetch;
  char path[PATH_MAX] = {};  // fetch: of the file; look: setchos
  char os[CHOS_PATH_MAX + 1] = {};
  char program[PATH_MAX] = {};
  char fallback[PATH_MAX] = {};
  char home[PATH_MAX] = {};
};

long long now_ms() {
  struct timespec now {};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

template <std::size_t size>
bool put(char (&target)[size], const std::string& text) {
  if (text.size() >= size) return false;
  std::memcpy(target, text.c_str(), text.size() + 1);
  return true;
}

// ---- In the child.  It must not allocate, take a lock, or call a libc function that acts on all threads,
// such as setuid(3): libc does not know that this is another process.

int rights_error(uid_t uid, gid_t gid, const gid_t* gids, std::size_t count) {
  if (::geteuid() == uid && ::getuid() == uid) return 0;
  if (::syscall(SYS_setgroups, count, gids) != 0) return errno;
  if (::syscall(SYS_setresgid, gid, gid, gid) != 0) return errno;
  if (::syscall(SYS_setresuid, uid, uid, uid) != 0) return errno;
  // The kernel has dropped the capabilities already, unless the application told it to keep them.
  struct __user_cap_header_struct header {
    _LINUX_CAPABILITY_VERSION_3, 0
  };
  const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  if (::syscall(SYS_capset, &header, none) != 0) return errno;
  // The child holds a copy of the application's memory, which the user must not read, whatever
  // fs.suid_dumpable says.
  if (::prctl(PR_SET_DUMPABLE, 0) != 0) return errno;
  return 0;
}

int executable_error(const char* path) {
  struct stat info {};
  if (::stat(path, &info) != 0) return errno;
  if (!S_ISREG(info.st_mode)) return EACCES;
  return ::access(path, X_OK) == 0 ? 0 : errno;
}

int enter_errno(const char* setchos, const char* os) {
  const int fd = ::open(setchos, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  const auto size = static_cast<ssize_t>(std::strlen(os));
  const ssize_t written = ::write(fd, os, static_cast<std::size_t>(size));
  const int result = written == size ? 0 : written < 0 ? errno : EIO;
  ::close(fd);
  return result;
}

Scout::Report look_around(const Question& question) {
  Scout::Report report;
  report.enter = enter_errno(question.path, question.os);
  if (report.enter != 0) return report;
  report.program = executable_error(question.program);
  if (report.program != 0) report.fallback = executable_error(question.fallback);
  if (question.home[0] != '\0' && ::chdir(question.home) != 0) report.home = errno;
  return report;
}

[[noreturn]] void serve(int socket, int rights) {
  // Otherwise a connection of the application would stay open as long as this process hangs.
  constexpr int keep = 3;
  if (socket != keep && ::dup2(socket, keep) < 0) ::_exit(1);
  close_descriptors(keep + 1);
  for (int fd = 0; fd < keep; ++fd) ::close(fd);
  // Set after the change of rights, which resets it.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::send(keep, &rights, sizeof rights, MSG_NOSIGNAL) < 0 || rights != 0) ::_exit(1);
  static Question question;  // copied with the rest of the process: not shared with anybody
  while (::recv(keep, &question, sizeof question, 0) == sizeof question) {
    if (question.kind == Question::Kind::fetch) {
      const RawUserFile raw = fetch_user_file(question.path);
      ::send(keep, &raw, sizeof raw, MSG_NOSIGNAL);
      continue;
    }
    const Scout::Report report = look_around(question);
    ::send(keep, &report, sizeof report, MSG_NOSIGNAL);
  }
  ::_exit(0);
}

// ---- In the application.

// Like fork(3), but the child sends no SIGCHLD when it ends, and the handlers of pthread_atfork(3) do not
// run.  All signals are blocked in the child.
long fork_unseen(int* pidfd) {
  struct clone_args arguments {};
  arguments.flags = CLONE_PIDFD;
  arguments.pidfd = reinterpret_cast<std::uintptr_t>(pidfd);
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const long pid = ::syscall(SYS_clone3, &arguments, sizeof arguments);
  const int why = errno;
  if (pid != 0) ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = why;
  return pid;
}

}  // namespace

Scout::~Scout() { end(); }

Status Scout::start(const Account& account, const std::vector<gid_t>& gids, unsigned timeout) {
  user_ = account.name;
  left_ = timeout * 1000LL;
  const std::string what = "cannot start a process to read the files of " + user_;
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return system_error(what, errno);
  socket_.reset(ends[0]);
  UniqueFd theirs(ends[1]);
  int pidfd = -1;
  const long pid = fork_unseen(&pidfd);
  if (pid == 0) serve(theirs.get(), rights_error(account.uid, account.gid, gids.data(), gids.size()));
  if (pid < 0) return system_error(what, errno, errno == EAGAIN ? "is the table of processes full?" : "");
  child_.reset(pidfd);
  theirs.reset();
  int rights = 0;
  if (const auto got = receive(&rights, sizeof rights, "the process that reads the files of " + user_); !got)
    return got.error();
  if (rights != 0) return system_error("cannot take the rights of " + user_, rights);
  return {};
}

Result<RawUserFile> Scout::fetch(const std::string& path) {
  const auto question = std::make_unique<Question>();  // a thread's stack may be small
  if (!put(question->path, path)) return Error{"the path of ~/.chos is too long", "", ENAMETOOLONG};
  if (const auto sent = send(question.get(), sizeof *question); !sent) return sent.error();
  RawUserFile raw;
  if (const auto got = receive(&raw, sizeof raw, "the home directory of " + user_); !got) return got.error();
  return raw;
}

Result<Scout::Report> Scout::look(const Wish& wish) {
  const auto question = std::make_unique<Question>();
  question->kind = Question::Kind::look;
  if (!put(question->path, wish.proc + "/setchos") || !put(question->os, wish.os) ||
      !put(question->program, wish.program) || !put(question->fallback, wish.fallback) ||
      !put(question->home, wish.home))
    return Error{"a path of the account " + user_ + " is too long", "", ENAMETOOLONG};
  if (const auto sent = send(question.get(), sizeof *question); !sent) return sent.error();
  Report report;
  const std::string who = "the tree of " + in_quotes(wish.os) + ", or the home directory of " + user_;
  if (const auto got = receive(&report, sizeof report, who + " in it,"); !got) return got.error();
  return report;
}

Status Scout::send(const void* question, std::size_t size) {
  if (::send(socket_.get(), question, size, MSG_NOSIGNAL) != static_cast<ssize_t>(size))
    return system_error("cannot ask the process that reads the files of " + user_, errno);
  return {};
}

// Counts only the time spent here.  Time that the application spends between two questions, such as on asking
// a directory server for groups, is not the fault of the home directory.
Status Scout::receive(void* answer, std::size_t size, const std::string& who) {
  for (;;) {
    const long long began = now_ms();
    struct pollfd wait {
      socket_.get(), POLLIN, 0
    };
    const int ready = ::poll(&wait, 1, static_cast<int>(left_));
    left_ = std::max(left_ - (now_ms() - began), 0LL);
    if (ready <= 0) {  // EINTR, or too little memory to wait
      if (ready < 0 && left_ > 0) continue;
      return Error{who + " does not answer", "", ETIMEDOUT};
    }
    const ssize_t got = ::recv(socket_.get(), answer, size, MSG_DONTWAIT);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got != static_cast<ssize_t>(size))
      return Error{"the process that reads the files of " + user_ + " has died", "", ECHILD};
    return {};
  }
}

void Scout::end() {
  socket_.reset();
  if (!child_) return;
  // A child that answered in time ends soon, even on a busy machine.  A child that hangs on a dead server may
  // not end even now.  It is not waited for: it becomes a zombie of the application and disappears with it.
  ::syscall(SYS_pidfd_send_signal, child_.get(), SIGKILL, nullptr, 0);
  const long long patience = 1000 + left_;
  const long long until = now_ms() + patience;
  struct pollfd wait {
    child_.get(), POLLIN, 0
  };
  for (long long left = patience; left > 0; left = until - now_ms()) {
    const int ready = ::poll(&wait, 1, static_cast<int>(left));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) break;
    siginfo_t info{};
    ::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(child_.get()), &info, WEXITED | __WALL);
    break;
  }
  child_.reset();
}

}  // namespace chos::pam
