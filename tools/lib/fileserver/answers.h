// SPDX-License-Identifier: BSD-3-Clause
// Questions to file servers and their answers, cached for the whole process.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "basic/result.h"

namespace chos {

/// Does a directory answer?
struct Question {
  std::string server;  ///< the name of what is silent together, see servers.cpp
  std::string directory;
  bool speaks_for_all = false;  ///< an answer of this directory counts for all others of the server
};

/// The questions for one path, the outer first.  After a silent server the rest is not asked.
using Questions = std::vector<Question>;

/// Asks all questions whose answers are not cached, in child processes and different servers in parallel.
/// Each has ten seconds to answer, so that many silent servers take no longer than one.  An answer is cached
/// for three seconds.  A server is asked one question at a time.  If the child that asks it cannot be killed,
/// the server counts as silent until the child has ended.
void ask_servers(std::vector<Questions> questions);

/// Why a server counts as silent, in words that follow the name of a directory, code ETIMEDOUT.  Nothing if
/// it does not.
std::optional<Error> silence_of(const std::string& server);

/// Forgets all answers, and the servers that have been silent for `silent_for` or longer.  Without a call, a
/// silent server stays silent.
void forget_servers(std::chrono::seconds silent_for);

}  // namespace chos
