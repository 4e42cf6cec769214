// SPDX-License-Identifier: BSD-3-Clause
// chosctl watch.
#pragma once

#include "chosctl/options.h"
#include "farm/node.h"

namespace chos::ctl {

/// Reloads whenever a tree comes or goes, until a signal ends it.  Returns the exit status.
int watch(const Node& node, const Options& options);

}  // namespace chos::ctl
