// SPDX-License-Identifier: BSD-3-Clause
#include "inspect/finding.h"

namespace chos {

const char* level_key(Finding::Level level) {
  switch (level) {
    case Finding::Level::error: return "error";
    case Finding::Level::warning: return "warning";
    case Finding::Level::info: break;
  }
  return "info";
}

}  // namespace chos
