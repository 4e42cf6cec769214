// SPDX-License-Identifier: BSD-3-Clause
// The paths of a program that enters an OS, as a test gives them.
#pragma once

#include "path_from_environment.h"
#include "session/paths.h"

namespace chos::test {

/// Reads CHOS_TEST_ALLOWLIST, CHOS_TEST_PROC and CHOS_TEST_LOG.
inline void take_paths(Paths& paths) {
  if (const auto path = path_from_environment("CHOS_TEST_ALLOWLIST")) paths.allowlist = *path;
  if (const auto path = path_from_environment("CHOS_TEST_PROC")) paths.proc = *path;
  if (const auto path = path_from_environment("CHOS_TEST_LOG")) paths.log = *path;
}

}  // namespace chos::test
