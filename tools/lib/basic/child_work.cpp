// SPDX-License-Identifier: BSD-3-Clause
#include "basic/child_work.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>

#include "basic/files.h"

// Of Linux 5.9; older headers lack it.
#ifndef SYS_close_range
#define SYS_close_range 436
#endif

namespace chos {
namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void work_and_tell(const std::function<std::string()>& work, int writer, int seconds) {
  // Not above those that are left open: there is room for /dev/null below.
  if (::dup2(writer, 3) != 3) ::_exit(1);
  (void)::syscall(SYS_close_range, 4U, ~0U, 0U);
  for (int fd = 0; fd < 3; ++fd) {
    ::close(fd);
    if (::open("/dev/null", O_RDWR) != fd) ::_exit(1);
  }
  (void)::fcntl(3, F_SETFD, FD_CLOEXEC);
  ::signal(SIGALRM, SIG_DFL);
  ::signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::alarm(static_cast<unsigned>(seconds));
  std::string said;
  try {
    said = work() + "\n";  // the byte before the end says that it is one
  } catch (...) {
    ::_exit(1);
  }
  for (std::size_t done = 0; done < said.size();) {
    const ssize_t size = ::write(3, said.data() + done, said.size() - done);
    if (size < 0 && errno != EINTR) ::_exit(1);
    if (size > 0) done += static_cast<std::size_t>(size);
  }
  ::_exit(0);
}

}  // namespace

Result<ChildWork> ChildWork::start(const std::function<std::string()>& work, int seconds, int grace) {
  const auto none = [](int why) {
    return system_error("cannot start a process", why, "is a limit reached?");
  };
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return none(errno);
  ChildWork apart(ends[0]);
  UniqueFd writer(ends[1]);
  if (::fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) return none(errno);
  const pid_t child = ::fork();
  if (child < 0) return none(errno);
  if (child == 0) {
    const pid_t grandchild = ::fork();
    if (grandchild == 0) work_and_tell(work, writer.get(), seconds + grace);
    ::_exit(grandchild < 0 ? errno : 0);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {}
  const int why = WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
  if (why != 0) return none(why);
  return Result<ChildWork>(std::move(apart));
}

bool ChildWork::ended() {
  char part[4096];
  for (;;) {
    const ssize_t size = ::read(reader_.get(), part, sizeof part);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return errno != EAGAIN;
    if (size == 0) return true;
    said_.append(part, static_cast<std::size_t>(size));
  }
}

std::optional<std::string> ChildWork::said() const {
  if (!said_.ends_with('\n')) return std::nullopt;
  return said_.substr(0, said_.size() - 1);
}

Result<std::string> do_in_child(const std::function<std::string()>& work, int seconds, int grace) {
  auto apart = ChildWork::start(work, seconds, grace);
  if (!apart) return apart.error();
  const auto end = Clock::now() + std::chrono::seconds(seconds + 1);
  while (!apart->ended()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
    if (left.count() <= 0) return Error{"no answer within " + std::to_string(seconds) + " s", "", ETIMEDOUT};
    pollfd wait{apart->reader(), POLLIN, 0};
    (void)::poll(&wait, 1, static_cast<int>(left.count()));
  }
  if (auto said = apart->said()) return std::move(*said);
  return Error{"its process was ended", "", ETIMEDOUT};
}

}  // namespace chos
