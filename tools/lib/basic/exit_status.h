// SPDX-License-Identifier: BSD-3-Clause
// Exit statuses that scripts may rely on.
#pragma once

namespace chos {

inline constexpr int exit_cannot = 126;     ///< chos: it could not do it, nothing was run
inline constexpr int exit_not_found = 127;  ///< chos: the OS does not have the command
inline constexpr int exit_failed = 1;       ///< chosctl: a step failed, or findings
inline constexpr int exit_usage = 2;        ///< chosctl: the command line
inline constexpr int exit_down = 3;         ///< chosctl status: not up

}  // namespace chos
