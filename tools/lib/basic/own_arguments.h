// SPDX-License-Identifier: BSD-3-Clause
// Command lines of programs that run another program: where their own options end.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace chos {

/// How many of the arguments are the program's own options: all before the first one that is neither an
/// option nor the value of one of `with_value`.  "--" and each of `last` end them, and belong to them.
std::size_t count_own_arguments(const std::vector<std::string>& arguments,
                                const std::vector<std::string>& with_value,
                                const std::vector<std::string>& last = {});

}  // namespace chos
