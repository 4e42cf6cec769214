// SPDX-License-Identifier: BSD-3-Clause
#include "build/run_logged.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <deque>

#include "basic/files.h"
#include "basic/subprocess.h"
#include "basic/text.h"

namespace chos {
namespace {

constexpr std::size_t last_lines = 8;

// The end of what a program says, in lines that a terminal can show.
class Tail {
 public:
  void add(std::string_view text) {
    for (const char c : text) {
      if (c == '\n' || c == '\r') {
        if (!line_.empty()) lines_.push_back(line_);
        if (lines_.size() > last_lines) lines_.pop_front();
        line_.clear();
      } else if (line_.size() < 200) {
        line_ += c >= 0x20 && c < 0x7f ? c : '?';
      }
    }
  }
  std::string last() const { return !line_.empty() ? line_ : lines_.empty() ? "" : lines_.back(); }
  std::string all() const {
    std::string out;
    for (const auto& line : lines_) out += "\n    " + line;
    if (!line_.empty()) out += "\n    " + line_;
    return out;
  }

 private:
  std::deque<std::string> lines_;
  std::string line_;
};

// In the child: nothing but execve(2) and what is safe before it.
[[noreturn]] void exec_program(const std::vector<char*>& argv, const char* program, int output,
                               pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(125);  // chosctl was killed before that
  const int nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, 0);
  ::dup2(output, 1);
  ::dup2(output, 2);
  ::setpgid(0, 0);  // the terminal's ^C is for chosctl, which stops it
  ::execv(program, argv.data());
  ::_exit(125);
}

}  // namespace

Error missing_program(const std::string& name, const std::string& package) {
  return Error{"the program " + in_quotes(name) + " is needed and not there",
               "install it: apt install " + package + " (or dnf install " + package + ")", ENOENT};
}

Status run_logged(const std::vector<std::string>& arguments, const std::string& log, WorkProgress& progress) {
  const std::string& name = arguments.front();
  if (find_command(name).empty()) return missing_program(name, name);
  std::vector<std::string> words{"unshare", "--pid",        "--fork", "--kill-child=KILL",
                                 "--mount", "--mount-proc", "--"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  const std::string program = find_command("unshare");
  if (program.empty()) return missing_program("unshare", "util-linux");
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  const UniqueFd file(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return system_error("cannot write the log " + log, errno);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_error("cannot make a pipe", errno);
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const pid_t self = ::getpid(), child = ::fork();
  if (child < 0) return system_error("cannot fork", errno);
  if (child == 0) exec_program(argv, program.c_str(), writer.get(), self);
  writer.reset();

  Tail tail;
  bool stopped = false;
  char buffer[16 * 1024];
  for (;;) {
    pollfd wait{reader.get(), POLLIN, 0};
    const int ready = ::poll(&wait, 1, 500);
    if (ready > 0) {
      const ssize_t got = ::read(reader.get(), buffer, sizeof buffer);
      if (got == 0) break;
      if (got > 0) {
        tail.add({buffer, static_cast<std::size_t>(got)});
        (void)!::write(file.get(), buffer, static_cast<std::size_t>(got));
      }
    }
    if (!stopped && !progress.tick(tail.last())) {
      stopped = true;
      ::kill(child, SIGKILL);  // and with it all of its PID namespace
    }
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {}
  if (stopped) return Error{"interrupted", "", EINTR};
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return Error{name +
                   (WIFEXITED(status) ? " failed with exit status " + std::to_string(WEXITSTATUS(status))
                                      : " was ended by signal " + std::to_string(WTERMSIG(status))) +
                   "; its last words:" + tail.all(),
               "all of it is in " + log, EIO};
}

}  // namespace chos
