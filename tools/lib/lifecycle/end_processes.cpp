// SPDX-License-Identifier: BSD-3-Clause
#include "lifecycle/end_processes.h"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <map>
#include <set>
#include <vector>

#include "basic/files.h"

namespace chos {
namespace {

using Clock = std::chrono::steady_clock;

class Ender {
 public:
  explicit Ender(const ProcChos& kernel) : kernel_(kernel) {}

  // Sends `signal` to all processes, also to those that start meanwhile, until all have ended or `patience`
  // milliseconds are over.
  void round(int signal, int patience) {
    const auto end = Clock::now() + std::chrono::milliseconds(patience);
    std::map<pid_t, bool> told;
    for (;;) {
      take_in();
      for (const auto& [pid, fd] : running_) {
        if (told[pid]) continue;
        told[pid] = true;
        ::syscall(SYS_pidfd_send_signal, fd.get(), signal, nullptr, 0);
      }
      if (running_.empty()) return;
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
      if (left <= 0) return;
      wait_for_one(static_cast<int>(left));
    }
  }

  Ended result() const { return {ended_.size(), running_.size()}; }

 private:
  // A PID may have been reused before its descriptor was opened, so the process must still be in the list
  // after that.
  void take_in() {
    const auto first = kernel_.processes();
    if (!first) return;
    std::map<pid_t, UniqueFd> opened;
    for (const auto& process : *first) {
      if (running_.count(process.pid) != 0 || ended_.count(process.pid) != 0) continue;
      UniqueFd fd(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0)));
      if (fd) opened.emplace(process.pid, std::move(fd));
    }
    if (opened.empty()) return;
    const auto second = kernel_.processes();
    if (!second) return;
    for (const auto& process : *second)
      if (const auto at = opened.find(process.pid); at != opened.end())
        running_.emplace(process.pid, std::move(at->second));
  }

  void wait_for_one(int milliseconds) {
    std::vector<pollfd> wait;
    for (const auto& [pid, fd] : running_) wait.push_back({fd.get(), POLLIN, 0});
    if (::poll(wait.data(), wait.size(), milliseconds) <= 0) return;
    std::size_t i = 0;
    for (auto at = running_.begin(); at != running_.end(); ++i) {
      if (wait[i].revents == 0) {
        ++at;
        continue;
      }
      ended_.insert(at->first);
      at = running_.erase(at);
    }
  }

  const ProcChos& kernel_;
  std::map<pid_t, UniqueFd> running_;
  std::set<pid_t> ended_;  // zombies stay in the list until their parents reap them
};

}  // namespace

Ended end_processes(const ProcChos& kernel, int patience) {
  Ender ender(kernel);
  ender.round(SIGTERM, patience);
  if (ender.result().remaining > 0) ender.round(SIGKILL, patience);
  return ender.result();
}

}  // namespace chos
