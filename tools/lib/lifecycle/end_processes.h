// SPDX-License-Identifier: BSD-3-Clause
// Ending who is still in an OS when the node shuts down.
#pragma once

#include <cstddef>

#include "kernel/proc_chos.h"

namespace chos {

struct Ended {
  std::size_t ended = 0;      ///< by SIGTERM or SIGKILL, or of themselves meanwhile
  std::size_t remaining = 0;  ///< not even by SIGKILL
};

/// Sends SIGTERM to the processes in an OS, and after `patience` milliseconds SIGKILL to those that
/// remain, for which it waits as long again.
Ended end_processes(const ProcChos& kernel, int patience);

}  // namespace chos
