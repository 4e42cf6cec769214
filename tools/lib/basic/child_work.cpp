// SPDX-License-Identifier: BSD-3-Clause
#include "basic/child_work.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "basic/child_process.h"

namespace chos {
namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void work_and_tell(const std::function<std::string()>& work, int writer, int seconds) {
  ChildDescriptors descriptors;
  descriptors.kept = writer;
  if (!set_up_child(descriptors)) ::_exit(1);
  ::alarm(static_cast<unsigned>(seconds));
  std::string said;
  try {
    said = work() + "\n";  // the last byte says that all of it has come
  } catch (...) {
    ::_exit(1);
  }
  ::_exit(write_all(writer, said) ? 0 : 1);
}

}  // namespace

Result<ChildWork> ChildWork::start(const std::function<std::string()>& work, int seconds, int grace) {
  const auto none = [](int why) {
    return system_error("cannot start a process", why, "is a limit reached?");
  };
  auto pipe = make_pipe();
  if (!pipe) return none(pipe.error().code);
  if (::fcntl(pipe->reader.get(), F_SETFL, O_NONBLOCK) != 0) return none(errno);
  const pid_t child = ::fork();
  if (child < 0) return none(errno);
  if (child == 0) {
    const pid_t grandchild = ::fork();
    if (grandchild == 0) work_and_tell(work, pipe->writer.get(), seconds + grace);
    ::_exit(grandchild < 0 ? errno : 0);
  }
  const int status = wait_for_child(child);
  // What another part of this process has waited for says nothing; the pipe will.
  if (status > 0) return none(WIFEXITED(status) ? WEXITSTATUS(status) : EIO);
  return ChildWork(std::move(pipe->reader));
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
  const auto began = Clock::now();  // before the alarm of the child is set
  auto process = ChildWork::start(work, seconds, grace);
  if (!process) return process.error();
  const auto end = began + std::chrono::seconds(seconds + 1);
  while (!process->ended()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
    if (left.count() <= 0) return Error{"no answer within " + std::to_string(seconds) + " s", "", ETIMEDOUT};
    pollfd wait{process->reader(), POLLIN, 0};
    (void)::poll(&wait, 1, static_cast<int>(left.count()));
  }
  if (auto said = process->said()) return std::move(*said);
  const bool in_time = Clock::now() < began + std::chrono::seconds(seconds);
  return Error{"its process was ended", "", in_time ? ECHILD : ETIMEDOUT};
}

}  // namespace chos
