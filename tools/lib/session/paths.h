// SPDX-License-Identifier: BSD-3-Clause
// The system files that programs use to enter an OS.
#pragma once

#include <chos/abi.h>

#include <string>

#include "allowlist/allowlist.h"

namespace chos {

/// The installed programs use these defaults and have no option to change them; tests name other files.
struct Paths {
  std::string allowlist = allowlist_path;
  std::string proc = CHOS_MOUNT;  ///< the module's directory
  std::string log = "/dev/log";   ///< the socket of the system's log
};

}  // namespace chos
