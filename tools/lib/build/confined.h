// SPDX-License-Identifier: BSD-3-Clause
// Work on input from outside, such as an archive of unknown origin, in a child process that has nothing to
// lose: a mistake in a parser must not reach the node.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "basic/result.h"

namespace chos {

/// What confined work may have.
struct Confinement {
  int root = -1;   ///< an open directory that becomes its root; it can reach nothing else.  -1: an empty one
  int input = -1;  ///< an open descriptor that it reads.  -1: nothing
  std::uint64_t largest_file = UINT64_MAX;  ///< in bytes, of each file that it writes
};

/// How confined work reports its progress; the two numbers are passed on.
using ConfinedReport = std::function<void(std::uint64_t first, std::uint64_t second)>;

/// The work.  `input` is the descriptor of Confinement in the child.  What it returns is passed to the
/// caller.
using ConfinedWork = std::function<Result<std::string>(int input, const ConfinedReport& report)>;

/// Runs `work` in a child process and returns what it returns.
///
/// The child has its root changed to the given directory; mount, PID, network, IPC and UTS namespaces of its
/// own; no descriptor but the input and /dev/null; the capabilities CHOWN, DAC_OVERRIDE, FOWNER, FSETID
/// and SETFCAP; no_new_privs; limits on memory (4 GiB), CPU time (2 hours) and the size of a file; and
/// the seccomp filter of call_filter.h.  Its umask is 022.  It ends when this process ends.  Needs root.
///
/// progress: called with each report and at least five times a second with the last one; false: the child is
/// killed, and the Error has the code EINTR.  Error ECHILD: the child was killed, for one by a limit.
Result<std::string> run_confined(const Confinement& confinement, const ConfinedWork& work,
                                 const std::function<bool(std::uint64_t, std::uint64_t)>& progress);

}  // namespace chos
