// SPDX-License-Identifier: BSD-3-Clause
// What /proc says about one process.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace chos {

struct ProcessInfo {
  uid_t uid = 0;
  std::string command;  ///< its arguments, else its name in brackets
};

/// Nothing: the process is gone, or hidden.
std::optional<ProcessInfo> describe_process(pid_t pid, const std::string& proc = "/proc");

/// At most `longest` bytes, what is not printable ASCII as '?'.
std::string printable(const std::string& text, std::size_t longest = 60);

}  // namespace chos
