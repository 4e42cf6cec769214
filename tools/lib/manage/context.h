// SPDX-License-Identifier: BSD-3-Clause
// What a change of the OSs works on.
#pragma once

#include "basic/progress.h"
#include "basic/work_progress.h"
#include "farm/node.h"
#include "store/store.h"

namespace chos {

struct ManageContext {
  const Node& node;
  const Store& store;
  WorkProgress& progress;
  Progress& reload_progress;  ///< is told what a reload of the node does
};

}  // namespace chos
