// SPDX-License-Identifier: BSD-3-Clause
// The commands of the base OS that chos-base(1) runs for those who are in an OS: which they are by
// default, and how one is found.
#pragma once

#include <string>
#include <vector>

namespace chos {

/// What users call of the batch systems: [base] commands of chos.conf(5).
std::vector<std::string> default_base_commands();

/// Empty if `name` may be such a command's name; otherwise what was expected.
std::string command_problem(const std::string& name);

}  // namespace chos
