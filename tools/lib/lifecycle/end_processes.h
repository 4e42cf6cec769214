// SPDX-License-Identifier: BSD-3-Clause
// Ends the processes that are still in an OS when the node shuts down.
#pragma once

#include <cstddef>

#include "kernel/proc_chos.h"

namespace chos {

struct Ended {
  std::size_t ended = 0;      ///< by a signal, or by themselves meanwhile
  std::size_t remaining = 0;  ///< even after SIGKILL
};

/// Sends SIGTERM to the processes in an OS.  After `patience` milliseconds sends SIGKILL to those that
/// remain, and waits as long again.
Ended end_processes(const ProcChos& kernel, int patience);

}  // namespace chos
