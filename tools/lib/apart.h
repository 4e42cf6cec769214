// SPDX-License-Identifier: BSD-3-Clause
// Work that may wait for a file server for good.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace chos {

/// What `work` returns, done by a process that nobody waits for; none if it has not returned within that
/// many seconds.  On a server that is down such a process is stuck until SIGALRM ends it, or for longer.
/// It has no descriptor of this one, so it holds no lock and no terminal.
/// It has `grace` seconds more to end the commands that it runs.  For want of descriptors or of memory it is
/// done here.
std::optional<std::string> done_apart(const std::function<std::string()>& work, int seconds,
                                      int grace = 0);

}  // namespace chos
