// SPDX-License-Identifier: BSD-3-Clause
// The commands of the base OS that chos-base(1) runs for processes in an OS.
#pragma once

#include <string>
#include <vector>

namespace chos {

/// The user commands of the batch systems: the default of [base] commands in chos.conf(5).
std::vector<std::string> default_base_commands();

/// Empty if `name` may be the name of such a command; otherwise a message that says what was expected.
std::string command_problem(const std::string& name);

}  // namespace chos
