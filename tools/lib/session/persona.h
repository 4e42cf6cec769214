// SPDX-License-Identifier: BSD-3-Clause
// The personality(2) of a process that moves between OSs.
//
// An OS marked persona=linux32 is a 32-bit system: uname(2) must name a 32-bit machine there.  That is
// the execution domain, the bits of PER_MASK.  The bits above it are the user's own choices, such as
// ADDR_NO_RANDOMIZE of setarch(8) -R, and a move leaves them alone.  Keeping them is safe: a move
// confers no privilege, and when execve(2) does (a setuid program), the kernel itself clears the
// flags that weaken such a program (PER_CLEAR_ON_SETID).
//
// Leaving an OS turns PER_LINUX32 into PER_LINUX and keeps any other domain.  The rule looks at the process
// and not at the allowlist, which may be unreadable or may have changed since the process entered.  In the
// base OS PER_LINUX32 was set by the user, and entering an OS keeps it.
#pragma once

#include <optional>

namespace chos {

/// The personality of this process; nothing where personality(2) is refused.
std::optional<unsigned> own_persona();

/// The personality after a move of a process that has the personality `now`.  `from_base`: the process starts
/// in the base OS.  `linux32`: it enters an OS marked persona=linux32.
unsigned persona_after_move(unsigned now, bool from_base, bool linux32);

/// The same for this process; nothing if its personality stays.
std::optional<unsigned> persona_to_set(bool from_base, bool linux32);

/// Returns 0 or an errno.  Allocates nothing.
int set_persona(unsigned persona) noexcept;

}  // namespace chos
