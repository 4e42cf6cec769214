// SPDX-License-Identifier: BSD-3-Clause
// chosctl os add, replace, rollback, remove, close, open and default.
#pragma once

#include "chosctl/options.h"
#include "farm/node.h"
#include "store/store.h"

namespace chos::ctl {

/// Changes the OSs of the node as the options say, prints the outcome and returns the exit status.
int os_change(const Node& node, const Store& store, const Options& options);

}  // namespace chos::ctl
