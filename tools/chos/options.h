// SPDX-License-Identifier: BSD-3-Clause
// The command line of chos.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace chos::tool {

enum class Action { run, list, current, set, why, ps };

struct Options {
  Action action = Action::run;
  std::optional<std::string> os;  ///< -o
  std::string set_name;           ///< --set
  bool json = false;
  bool plain = false;                ///< --list
  std::vector<std::string> command;  ///< empty: a login shell
};

/// Options, or the exit status after help, the version or a complaint has been printed.
std::variant<Options, int> parse_options(const std::vector<std::string>& arguments);

}  // namespace chos::tool
