// SPDX-License-Identifier: BSD-3-Clause
#include "basic/child_process.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <iterator>

namespace chos {
namespace {

// Also of use when a standard stream is closed, whose number the pipe would get.
UniqueFd above_standard_streams(UniqueFd fd) {
  if (fd.get() > 2) return fd;
  return UniqueFd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3));
}

}  // namespace

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_error("cannot make a pipe", errno);
  Pipe pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
  pipe.reader = above_standard_streams(std::move(pipe.reader));
  pipe.writer = above_standard_streams(std::move(pipe.writer));
  if (!pipe.reader || !pipe.writer) return system_error("cannot make a pipe", errno);
  return pipe;
}

bool set_up_child(const ChildDescriptors& descriptors) noexcept {
  if (!descriptors.keeps_inheritable) {
    // All but these three, from the highest down; those of the streams are closed below.
    int kept[] = {descriptors.output, descriptors.error, descriptors.kept};
    std::sort(std::begin(kept), std::end(kept), std::greater<>());
    int end = -1;
    for (const int fd : kept) {
      if (fd < 3 || fd == end) continue;
      close_descriptors(fd + 1, end);
      end = fd;
    }
    close_descriptors(3, end);
  }
  const auto nothing = [](int fd) {
    ::close(fd);
    const int opened = ::open("/dev/null", O_RDWR);
    return opened == fd || (opened >= 0 && ::dup2(opened, fd) == fd && ::close(opened) == 0);
  };
  if (!nothing(0)) return false;
  for (const int fd : {1, 2}) {
    const int source = fd == 1 ? descriptors.output : descriptors.error;
    if (source < 0 ? !nothing(fd) : ::dup2(source, fd) != fd) return false;
  }
  // What was duplicated goes too, for a child that executes nothing.
  if (!descriptors.keeps_inheritable)
    for (const int fd : {descriptors.output, descriptors.error})
      if (fd > 2 && fd != descriptors.kept) ::close(fd);
  ::signal(SIGALRM, SIG_DFL);
  ::signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  return ::sigprocmask(SIG_SETMASK, &none, nullptr) == 0;
}

void close_at_exec(int first) {
  const auto names = names_in("/proc/self/fd");
  if (!names) return;
  for (const auto& name : *names)
    if (const int fd = std::atoi(name.c_str()); fd >= first) (void)::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

int wait_for_child(pid_t child) noexcept {
  int status = -1;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return -1;
  return status;
}

int exit_status_of(int status) noexcept {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace chos
