// SPDX-License-Identifier: BSD-3-Clause
#include "basic/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>

#include "basic/files.h"
#include "basic/text.h"

extern char** environ;

namespace chos {
namespace {

constexpr std::size_t most_output = 1024 * 1024;
using Clock = std::chrono::steady_clock;

struct Pipe {
  UniqueFd reader, writer;
  std::string text;

  Status open() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return system_error("cannot make a pipe", errno);
    reader = UniqueFd(ends[0]);
    writer = UniqueFd(ends[1]);
    return {};
  }
  // False: at its end.
  bool read_some() {
    char buffer[16 * 1024];
    const ssize_t got = ::read(reader.get(), buffer, sizeof buffer);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return true;
    if (got <= 0) return false;
    if (text.size() < most_output) text.append(buffer, static_cast<std::size_t>(got));
    return true;
  }
};

int left_of(Clock::time_point end) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
  return static_cast<int>(std::max<long long>(left.count(), 0));
}

// Reads both until they are closed; false if that takes too long.
bool read_both(std::array<Pipe, 2>& pipes, Clock::time_point end) {
  for (;;) {
    struct pollfd wait[2] = {{pipes[0].reader.get(), POLLIN, 0}, {pipes[1].reader.get(), POLLIN, 0}};
    if (!pipes[0].reader && !pipes[1].reader) return true;
    const int ready = ::poll(wait, 2, left_of(end));
    if (ready == 0) return false;
    for (int i = 0; i < 2; ++i)
      if (ready > 0 && wait[i].revents != 0 && !pipes[i].read_some()) pipes[i].reader.reset();
  }
}

// Waits for the end of a child that has closed its output; false if that takes too long.
bool wait_until(pid_t child, int& status, Clock::time_point end) {
  for (;;) {
    const pid_t got = ::waitpid(child, &status, WNOHANG);
    if (got == child || (got < 0 && errno != EINTR)) return true;
    if (left_of(end) == 0) return false;
    ::poll(nullptr, 0, 5);
  }
}

}  // namespace

std::string CommandOutput::said() const {
  std::string text = err.empty() ? out : err;
  std::replace(text.begin(), text.end(), '\n', ' ');
  constexpr std::size_t longest = 300;
  std::string clean;
  for (const char c : text.substr(0, longest)) clean += c >= 0x20 && c < 0x7f ? c : ' ';
  return clean;
}

std::string find_command(const std::string& name) {
  if (name.find('/') != std::string::npos) return ::access(name.c_str(), X_OK) == 0 ? name : "";
  const char* own = std::getenv("PATH");
  const std::string all = std::string(own == nullptr ? "" : own) + ":/usr/sbin:/usr/bin:/sbin:/bin";
  for (const auto directory : split(all, ':')) {
    if (!directory.starts_with('/')) continue;
    const std::string path = std::string(directory) + "/" + name;
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return {};
}

Result<CommandOutput> run_command(const std::vector<std::string>& arguments, double seconds) {
  const std::string program = find_command(arguments.front());
  if (program.empty()) return Error{"there is no program " + in_quotes(arguments.front()), "", ENOENT};
  const auto end =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  std::vector<std::string> copy = arguments;
  std::vector<char*> argv;
  for (auto& argument : copy) argv.push_back(argument.data());
  argv.push_back(nullptr);

  std::array<Pipe, 2> pipes;
  for (auto& pipe : pipes)
    if (auto status = pipe.open(); !status) return status.error();
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, pipes[0].writer.get(), 1);
  ::posix_spawn_file_actions_adddup2(&actions, pipes[1].writer.get(), 2);
  // A process group of its own, to be killed as one.
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  pid_t child = 0;
  const int rc = ::posix_spawn(&child, program.c_str(), &actions, &attributes, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (rc != 0) return system_error("cannot run " + program, rc);
  for (auto& pipe : pipes) pipe.writer.reset();

  int status = 0;
  if (!read_both(pipes, end) || !wait_until(child, status, end)) {
    ::kill(-child, SIGKILL);
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    return Error{
        program + " did not end within " + std::to_string(static_cast<int>(seconds)) + " s and was stopped",
        "is its daemon running?", ETIMEDOUT};
  }
  CommandOutput done;
  done.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  done.out = std::move(pipes[0].text);
  done.err = std::move(pipes[1].text);
  for (auto* text : {&done.out, &done.err})
    while (text->ends_with('\n')) text->pop_back();
  return done;
}

}  // namespace chos
