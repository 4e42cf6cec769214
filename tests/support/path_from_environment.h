// SPDX-License-Identifier: BSD-3-Clause
// Paths that a test gives to a program that it runs.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>

namespace chos::test {

/// The value of an environment variable; nothing if it is not set or empty.
inline std::optional<std::string> path_from_environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == 0) return std::nullopt;
  return value;
}

}  // namespace chos::test
