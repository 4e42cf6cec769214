// SPDX-License-Identifier: BSD-3-Clause
// The state of a process that an application could notice, its children, and work in a child process.
#pragma once

#include <dirent.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <clocale>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CHOS_TEST_SANITIZED 1
#else
#define CHOS_TEST_SANITIZED 0
#endif

namespace chos::test {

/// Descriptors, signals, environment, locale, umask, personality and credentials, as lines of text.
inline std::vector<std::string> process_state() {
  std::vector<std::string> state;
  if (DIR* open = ::opendir("/proc/self/fd")) {
    while (const dirent* entry = ::readdir(open)) {
      const std::string name = entry->d_name;
      if (name[0] != '.' && std::atoi(name.c_str()) != ::dirfd(open)) state.push_back("fd " + name);
    }
    ::closedir(open);
  }
  for (int signal = 1; signal <= 64; ++signal) {
    struct sigaction action {};
    if (::sigaction(signal, nullptr, &action) != 0) continue;
    std::ostringstream line;
    line << "signal " << signal << " " << reinterpret_cast<void*>(action.sa_sigaction) << " "
         << action.sa_flags;
    state.push_back(line.str());
  }
  sigset_t mask;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  for (int signal = 1; signal <= 64; ++signal)
    if (::sigismember(&mask, signal) == 1) state.push_back("blocked " + std::to_string(signal));
  for (char** at = environ; *at != nullptr; ++at) state.emplace_back(*at);
  state.push_back(std::string("locale ") + std::setlocale(LC_ALL, nullptr));
  const mode_t umask_now = ::umask(0);
  ::umask(umask_now);
  state.push_back("umask " + std::to_string(umask_now));
  state.push_back("personality " + std::to_string(::personality(0xffffffff)));
  std::ifstream status("/proc/thread-self/status");
  for (std::string line; std::getline(status, line);)
    for (const char* key : {"Uid:", "Gid:", "Groups:", "CapEff:", "CapPrm:", "Threads:"})
      if (line.starts_with(key)) state.push_back(line);
  return state;
}

/// True if this process has no child process, including threads of clone(2) and zombies.
inline bool no_child_left() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == -1 && errno == ECHILD;
}

/// The running children of this process.
inline std::vector<pid_t> children() {
  std::vector<pid_t> found;
  DIR* all = ::opendir("/proc");
  while (const dirent* entry = ::readdir(all)) {
    const pid_t pid = std::atoi(entry->d_name);
    if (pid <= 0) continue;
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string text;
    std::getline(file, text);
    const auto end = text.rfind(')');
    if (end == std::string::npos) continue;
    std::istringstream rest(text.substr(end + 1));
    char state = 0;
    pid_t parent = 0;
    rest >> state >> parent;
    if (parent == ::getpid() && state != 'Z') found.push_back(pid);
  }
  ::closedir(all);
  return found;
}

/// The value of a line of /proc/PID/status, without surrounding blanks; "none" if there is no such line.
inline std::string status_line(pid_t pid, const std::string& key) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key + ":")) continue;
    const auto first = line.find_first_not_of(" \t", key.size() + 1);
    const auto last = line.find_last_not_of(" \t");
    return first == std::string::npos ? "" : line.substr(first, last - first + 1);
  }
  return "none";
}

/// Runs `work` in a child process, where it may change any state.  Returns the result of `work`, or -1 if
/// the child was killed.
template <typename Work>
int in_a_process(Work work) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::alarm(30);
    ::_exit(work());
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace chos::test
