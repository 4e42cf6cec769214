// SPDX-License-Identifier: BSD-3-Clause
// Facts about one process, from /proc.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace chos {

struct ProcessInfo {
  uid_t uid = 0;
  std::string command;  ///< its arguments, else its name in brackets
};

/// Nothing if the process is gone, or hidden.
std::optional<ProcessInfo> describe_process(pid_t pid, const std::string& proc = "/proc");

}  // namespace chos
