// SPDX-License-Identifier: BSD-3-Clause
#include "chosctl/os_progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <iostream>

#include "basic/text.h"
#include "chosctl/console.h"

namespace chos::ctl {
namespace {

constexpr std::size_t longest_detail = 1000;

volatile std::sig_atomic_t interrupted = 0;

void on_signal(int) { interrupted = 1; }

std::size_t columns() {
  winsize size{};
  return ::ioctl(2, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

}  // namespace

OsProgress::OsProgress() : terminal_(::isatty(2) != 0), began_(Clock::now()) {
  struct sigaction action {};
  action.sa_handler = on_signal;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(signal, &action, nullptr);
}

OsProgress::~OsProgress() { clear(); }

void OsProgress::clear() {
  if (shown_) std::cerr << "\r\033[K" << std::flush;
  shown_ = false;
}

void OsProgress::stage(const std::string& what) {
  clear();
  stage_ = what;
  began_ = last_ = Clock::now();
  std::cerr << "chosctl: " << escaped(what) << " ...\n" << std::flush;
}

bool OsProgress::tick(const std::string& detail) {
  const auto now = Clock::now();
  using std::chrono::duration_cast;
  using std::chrono::seconds;
  if (now - last_ >= (terminal_ ? std::chrono::milliseconds(200) : std::chrono::milliseconds(10000))) {
    last_ = now;
    std::string line = "  " + std::to_string(duration_cast<seconds>(now - began_).count()) + " s" +
                       (detail.empty() ? "" : ": " + printable(detail, longest_detail));
    if (terminal_) {
      line.resize(std::min(line.size(), columns() - 1));
      std::cerr << "\r\033[K" << line << std::flush;
      shown_ = true;
    } else {
      std::cerr << "chosctl: " << escaped(stage_) << line << std::endl;
    }
  }
  return interrupted == 0;
}

void OsProgress::note(const std::string& text) {
  clear();
  say.warning(text);
}

void QuietProgress::step(const std::string&, bool, const std::string&) {}

void QuietProgress::warning(const std::string& text) { shown_.note(text); }

void QuietProgress::failed(const std::string& name, const Error& error) {
  shown_.clear();
  say.error("the step '" + name + "' failed:");
  say.error(error);
}

void QuietProgress::undone(const std::string& what, const Status& status) {
  shown_.clear();
  if (!status) say.error("could not undo " + what + ": " + status.error().what);
}

}  // namespace chos::ctl
