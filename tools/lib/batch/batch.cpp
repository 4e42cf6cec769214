// SPDX-License-Identifier: BSD-3-Clause
#include "batch/batch.h"

namespace chos {

const char* state_key(BatchState::What what) {
  switch (what) {
    case BatchState::What::absent: return "absent";
    case BatchState::What::not_enabled: return "not enabled";
    case BatchState::What::partly: return "partly";
    case BatchState::What::enabled: return "enabled";
    case BatchState::What::other: return "other";
    case BatchState::What::unclear: break;
  }
  return "unclear";
}

}  // namespace chos
