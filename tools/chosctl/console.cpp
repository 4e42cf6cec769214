// SPDX-License-Identifier: BSD-3-Clause
#include "chosctl/console.h"

#include <algorithm>
#include <iostream>

#include "basic/text.h"

namespace chos::ctl {

Console::Console(std::string command) : command_(std::move(command)), colour_(wants_colour(1)) {}

void Console::step(const std::string& name, bool changed, const std::string& detail) {
  constexpr std::size_t width = 14;
  const std::string padding(width - std::min(width - 1, name.size()), ' ');
  const char* start = colour_ && changed ? "\033[32m" : "";
  const char* end = colour_ && changed ? "\033[0m" : "";
  // Flushed, so that a step that takes long shows the ones before it.
  std::cout << start << (changed ? "+ " : "= ") << end << name << padding << escaped(detail) << std::endl;
  changed_ = changed_ || changed;
}

void Console::warning(const std::string& text) { say_.warning(text); }

void Console::failed(const std::string& name, const Error& error) {
  std::cout.flush();
  say_.error(command_ + ": the step '" + name + "' failed:");
  say_.error(error);
}

void Console::undone(const std::string& what, const Status& status) {
  if (status) say_.hint("undone: " + what);
  else say_.error("could not undo " + what + ": " + status.error().what);
}

}  // namespace chos::ctl
