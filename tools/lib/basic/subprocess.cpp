// SPDX-License-Identifier: BSD-3-Clause
#include "basic/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>

#include "basic/child_process.h"
#include "basic/files.h"
#include "basic/program_search.h"
#include "basic/text.h"

extern char** environ;

namespace chos {
namespace {

constexpr std::size_t most_output = std::size_t{1024} * 1024;
constexpr int longest_wait = 500;  // ms between two questions whether to go on
using Clock = std::chrono::steady_clock;

Clock::time_point after(double seconds) {
  return Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

int left_until(Clock::time_point end) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
  return static_cast<int>(std::clamp<long long>(left.count(), 0, longest_wait));
}

// The strings as execve(2) takes them.
class Words {
 public:
  explicit Words(std::vector<std::string> words) : words_(std::move(words)) {
    for (auto& word : words_) pointers_.push_back(word.data());
    pointers_.push_back(nullptr);
  }
  Words(const Words&) = delete;
  Words& operator=(const Words&) = delete;
  char* const* get() const { return pointers_.data(); }

 private:
  std::vector<std::string> words_;
  std::vector<char*> pointers_;
};

class Running {
 public:
  explicit Running(const ProgramRun& run) : run_(run), end_(after(run.seconds)) {}

  Result<int> to_its_end() {
    if (auto status = start(); !status) return status.error();
    if (!read_output()) return given_up();
    int status = 0;
    for (;;) {
      const pid_t got = ::waitpid(child_, &status, WNOHANG);
      if (got == child_) return exit_status_of(status);
      if (got < 0 && errno != EINTR) return system_error("cannot wait for " + run_.program, errno);
      if (!may_go_on()) return given_up();
      ::poll(nullptr, 0, 5);
    }
  }

 private:
  Status start() {
    auto refusal = make_pipe();
    if (!refusal) return refusal.error();
    for (auto& stream : streams_) {
      if (&stream == &streams_[1] && run_.joins_output) break;
      auto pipe = make_pipe();
      if (!pipe) return pipe.error();
      stream = std::move(*pipe);
    }
    const Words arguments(run_.arguments), minimal({std::string("PATH=") + system_search_path});
    char* const* environment = run_.has_environment ? environ : minimal.get();
    const pid_t self = ::getpid();
    child_ = ::fork();
    if (child_ < 0) return system_error("cannot start a process", errno);
    if (child_ == 0) become(arguments.get(), environment, refusal->writer.get(), self);
    (void)::setpgid(child_, child_);  // by now also if it has not come to that itself
    refusal->writer.reset();
    for (auto& stream : streams_) stream.writer.reset();
    int why = 0;
    ssize_t got = 0;
    do {
      got = ::read(refusal->reader.get(), &why, sizeof why);
    } while (got < 0 && errno == EINTR);
    if (got != sizeof why) return {};
    (void)wait_for_child(child_);
    return system_error("cannot run " + run_.program, why);
  }

  // In the child.
  [[noreturn]] void become(char* const* arguments, char* const* environment, int refusal,
                           pid_t parent) const {
    if (run_.is_contained) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::getppid() != parent) ::_exit(125);  // it was killed before that
    }
    // The terminal's ^C is for this process, which stops the program.
    const int output = streams_[0].writer.get();
    const int error = run_.joins_output ? output : streams_[1].writer.get();
    if (::setpgid(0, 0) == 0 && (run_.directory < 0 || ::fchdir(run_.directory) == 0) &&
        set_up_child({output, error, refusal, run_.is_contained}))
      ::execve(run_.program.c_str(), arguments, environment);
    const int why = errno;
    (void)!::write(refusal, &why, sizeof why);
    ::_exit(125);
  }

  bool may_go_on() {
    stopped_ = run_.goes_on && !run_.goes_on();
    return !stopped_ && Clock::now() < end_;
  }

  // Reads from both until they are closed.  False: it is to be killed.
  bool read_output() {
    while (is_read()) {
      read_some(left_until(end_));
      if (!may_go_on()) return false;
    }
    return true;
  }

  bool is_read() const { return streams_[0].reader || streams_[1].reader; }

  void read_some(int milliseconds) {
    struct pollfd wait[2] = {{streams_[0].reader.get(), POLLIN, 0}, {streams_[1].reader.get(), POLLIN, 0}};
    if (::poll(wait, 2, milliseconds) <= 0) return;
    for (int i = 0; i < 2; ++i) {
      if (wait[i].revents == 0) continue;
      char buffer[16 * 1024];
      const ssize_t got = ::read(streams_[i].reader.get(), buffer, sizeof buffer);
      if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (got <= 0) streams_[i].reader.reset();
      else if (run_.output) run_.output(i + 1, {buffer, static_cast<std::size_t>(got)});
    }
  }

  Error given_up() {
    ::kill(-child_, SIGKILL);
    ::kill(child_, SIGKILL);
    // What holds an end of the pipes open is still there.
    while (run_.is_contained && is_read()) read_some(longest_wait);
    (void)wait_for_child(child_);
    if (stopped_) return Error{"interrupted", "", EINTR};
    return Error{run_.program + " did not end within " + std::to_string(static_cast<int>(run_.seconds)) +
                     " s and was stopped",
                 "is its daemon running?", ETIMEDOUT};
  }

  const ProgramRun& run_;
  Clock::time_point end_;
  std::array<Pipe, 2> streams_;
  pid_t child_ = 0;
  bool stopped_ = false;
};

Result<CommandOutput> output_of(ProgramRun run) {
  if (run.program.empty())
    return Error{"there is no program " + in_quotes(run.arguments.front()), "", ENOENT};
  CommandOutput done;
  run.output = [&done](int descriptor, std::string_view part) {
    std::string& text = descriptor == 1 ? done.out : done.err;
    if (text.size() < most_output) text += part.substr(0, most_output - text.size());
  };
  const auto status = run_program(run);
  if (!status) return status.error();
  done.status = *status;
  for (auto* text : {&done.out, &done.err})
    while (text->ends_with('\n')) text->pop_back();
  return done;
}

}  // namespace

std::string CommandOutput::said() const { return printable(err.empty() ? out : err, 300); }

Result<CommandOutput> run_command(const std::vector<std::string>& arguments, double seconds) {
  ProgramRun run;
  run.program = find_program(arguments.front());
  run.arguments = arguments;
  run.seconds = seconds;
  return output_of(std::move(run));
}

Result<CommandOutput> run_system_command(const std::vector<std::string>& arguments, double seconds) {
  ProgramRun run;
  run.program = find_command(arguments.front(), system_search_path, {}).file;
  run.arguments = arguments;
  run.seconds = seconds;
  run.has_environment = false;
  return output_of(std::move(run));
}

Result<int> run_program(const ProgramRun& run) { return Running(run).to_its_end(); }

}  // namespace chos
