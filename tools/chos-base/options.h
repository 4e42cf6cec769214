// SPDX-License-Identifier: BSD-3-Clause
// The command that chos-base was called for: its first argument, or its name if it is linked to another one.
#pragma once

#include <string>
#include <variant>
#include <vector>

namespace chos::base {

struct Request {
  std::string command;                 ///< a name, or a path in the base OS
  std::vector<std::string> arguments;  ///< from argv[0] on
};

/// The request, or the exit status after help, the version or a complaint has been printed.  `argv` includes
/// argv[0].  If the program was called by another name, none of the arguments is an option.
std::variant<Request, int> parse_options(const std::vector<std::string>& argv);

}  // namespace chos::base
