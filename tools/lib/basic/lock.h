// SPDX-License-Identifier: BSD-3-Clause
// Lock files: one process at a time does something, and the others wait for a limited time.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "basic/files.h"
#include "basic/result.h"

namespace chos {

struct LockOptions {
  /// How long to wait for the process that holds the lock; 0: not at all.
  std::chrono::milliseconds limit = std::chrono::seconds(60);
  /// Programs that this process executes hold the lock too.
  bool inherited = false;
  /// Called once, with the holders ("process 71, 'chosctl up'"), before the wait for them begins.
  std::function<void(const std::string& holders)> waiting = {};
};

/// Locks the file `path`, which is made with mode 0600 and belongs to the caller: other users cannot open it,
/// so they cannot hold the lock.  Missing directories above it are made with mode 0755; the last one must
/// belong to the caller and be writable by nobody else.  The lock is held until the descriptor is closed.
///
/// Errors: EWOULDBLOCK if the lock was not free within the limit, with its holders in the message; EINTR if a
/// signal came meanwhile.
Result<UniqueFd> take_lock(const std::string& path, const LockOptions& options = {});

}  // namespace chos
