// SPDX-License-Identifier: BSD-3-Clause
#include "chosctl/console.h"

#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "basic/text.h"

namespace chos::ctl {

Console::Console(std::string command) : command_(std::move(command)), colour_(wants_colour(1)) {}

void Console::step(const std::string& name, bool changed, const std::string& detail) {
  constexpr std::size_t width = 14;
  const std::string shown = escaped(name);
  const std::string padding(width - std::min(width - 1, shown.size()), ' ');
  const char* start = colour_ && changed ? "\033[32m" : "";
  const char* end = colour_ && changed ? "\033[0m" : "";
  // Flushed, so that earlier steps are visible while a long one runs.
  std::cout << start << (changed ? "+ " : "= ") << end << shown << padding << escaped(detail) << std::endl;
  changed_ = changed_ || changed;
}

void Console::warning(const std::string& text) { say.warning(text); }

void Console::failed(const std::string& name, const Error& error) {
  std::cout.flush();
  say.error(command_ + ": the step '" + name + "' failed:");
  say.error(error);
}

void Console::undone(const std::string& what, const Status& status) {
  if (status) say.hint("undone: " + what);
  else say.error("could not undo " + what + ": " + status.error().what);
}

LockOptions wait_for_lock() {
  return {.waiting = [](const std::string& holders) { say.hint("waiting for " + holders); }};
}

bool is_root_in_base(const ProcChos& kernel, const std::string& command_line) {
  if (::geteuid() != 0) {
    say.error("only root can do this");
    say.hint("run: sudo chosctl " + command_line);
    return false;
  }
  const auto current = kernel.current();
  if (current && *current != "/") {
    say.error("this shell is in the OS " + in_quotes(*current) + "; chosctl works in the base OS");
    say.hint("run: chos -o base chosctl " + command_line);
    return false;
  }
  return true;
}

}  // namespace chos::ctl
