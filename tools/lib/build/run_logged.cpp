// SPDX-License-Identifier: BSD-3-Clause
#include "build/run_logged.h"

#include <fcntl.h>

#include <cerrno>
#include <csignal>
#include <deque>

#include "basic/files.h"
#include "basic/program_search.h"
#include "basic/subprocess.h"
#include "basic/text.h"

namespace chos {
namespace {

constexpr std::size_t last_lines = 8;
constexpr std::size_t longest_line = 200;
constexpr std::size_t longest_log_line = 4096;
constexpr double longest_run = 24 * 3600;  // seconds: a server may go on for ever

// The end of what a program says, in lines that a terminal can show.
class Tail {
 public:
  void add(std::string_view text) {
    for (const char c : text) {
      if (c == '\n' || c == '\r') {
        if (!line_.empty()) lines_.push_back(line_);
        if (lines_.size() > last_lines) lines_.pop_front();
        line_.clear();
      } else if (line_.size() < longest_line) {
        line_ += c;
      }
    }
  }
  std::string last() const {
    return printable(!line_.empty() || lines_.empty() ? line_ : lines_.back(), longest_line);
  }
  std::vector<std::string> all() const {
    std::vector<std::string> out;
    for (const auto& line : lines_) out.push_back("    " + printable(line, longest_line));
    if (!line_.empty()) out.push_back("    " + printable(line_, longest_line));
    return out;
  }

 private:
  std::deque<std::string> lines_;
  std::string line_;
};

// The log of a program.  An administrator reads it on a terminal, and names from archives are in it, so it
// has escaped lines of text.
class Log {
 public:
  Log(int file, const std::string& name) : file_(file), name_(name) {}

  void add(std::string_view text) {
    for (const char c : text) {
      if (c != '\n' && c != '\r') line_ += c;
      if (c == '\n' || line_.size() >= longest_log_line || (c == '\r' && !line_.empty())) end_line();
    }
  }
  // Error: not all of it is on disk.
  Status finish() {
    if (!line_.empty()) end_line();
    return why_not_ == 0 ? Status() : system_error("cannot write all of the log " + name_, why_not_);
  }

 private:
  void end_line() {
    std::string out;
    for (const auto part : split(line_, '\t')) out += (out.empty() ? "" : "\t") + escaped(part);
    line_.clear();
    if (why_not_ == 0 && !write_all(file_, out + "\n")) why_not_ = errno;
  }

  int file_;
  const std::string& name_;
  std::string line_;
  int why_not_ = 0;
};

}  // namespace

Error missing_program(const std::string& name, const std::string& package) {
  return Error{"the program " + in_quotes(name) + " is needed and not there",
               "install it: apt install " + package + " (or dnf install " + package + ")", ENOENT};
}

Status run_logged(const std::vector<std::string>& arguments, const std::string& log, WorkProgress& progress) {
  if (find_program(arguments.front()).empty()) return missing_program(arguments.front(), arguments.front());
  const UniqueFd file(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return system_error("cannot write the log " + log, errno);
  return run_logged_in(-1, arguments, file.get(), log, progress);
}

Status run_logged_in(int directory, const std::vector<std::string>& arguments, int log,
                     const std::string& log_name, WorkProgress& progress) {
  const std::string& name = arguments.front();
  std::vector<std::string> words{"unshare", "--pid",        "--fork", "--kill-child=KILL",
                                 "--mount", "--mount-proc", "--"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  ProgramRun run;
  run.program = find_program("unshare");
  if (run.program.empty()) return missing_program("unshare", "util-linux");
  run.arguments = std::move(words);
  run.directory = directory;
  run.seconds = longest_run;
  run.is_contained = true;
  run.joins_output = true;

  Tail tail;
  Log lines(log, log_name);
  run.output = [&](int, std::string_view part) {
    tail.add(part);
    lines.add(part);
  };
  run.goes_on = [&] { return progress.tick(tail.last()); };
  const auto status = run_program(run);
  if (auto written = lines.finish(); !written) progress.note(written.error().what);
  if (!status && status.error().code == ETIMEDOUT)
    return Error{name + " was stopped after a day", "what it has written is in " + log_name, ETIMEDOUT};
  if (!status) return status.error();
  if (*status == 0) return {};
  const bool by_signal = *status > 128 && *status < 128 + NSIG;
  return Error{name +
                   (by_signal ? " was ended by signal " + std::to_string(*status - 128)
                              : " failed with exit status " + std::to_string(*status)) +
                   "; its last words:",
               "all of it is in " + log_name, EIO, tail.all()};
}

}  // namespace chos
