// SPDX-License-Identifier: BSD-3-Clause
// What file servers were asked, and what they said: known to all of this process.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "basic/result.h"

namespace chos {

/// A directory, and what is silent together with it.
struct Question {
  std::string server, directory;
  bool speaks_for_all = false;  ///< if this directory answers, so do the others of the server
};

/// What lies behind a server that is silent is not asked.
using Questions = std::vector<Question>;

/// Asks all that is not known, of different servers at the same time: each has ten seconds to answer, and
/// many silent ones take no longer than one.  An answer counts for three seconds.  A server is asked one
/// question at a time, and no other while the process that asks is stuck in it: it is silent until that
/// has ended.
void ask_servers(std::vector<Questions> questions);

/// Why a server counts as silent, in words that follow the name of a directory, code ETIMEDOUT; none: it
/// does not.
std::optional<Error> silence_of(const std::string& server);

/// Forgets all answers, and those that have been silent for so long.  For as long as nobody calls it, they
/// are silent.
void forget_servers(std::chrono::seconds silent_for);

}  // namespace chos
