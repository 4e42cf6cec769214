// SPDX-License-Identifier: BSD-3-Clause
// chosctl metrics.
#pragma once

#include "farm/node.h"

namespace chos::ctl {

/// Prints the metrics of the node as OpenMetrics and returns the exit status.
int metrics(const Node& node);

}  // namespace chos::ctl
