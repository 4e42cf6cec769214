// SPDX-License-Identifier: BSD-3-Clause
// chosctl up, reload and down.
#pragma once

#include "chosctl/options.h"
#include "farm/node.h"

namespace chos::ctl {

/// Each prints the steps of its work and returns the exit status.
int up(const Node& node, const Options& options);
int reload(const Node& node, const Options& options);
int down(const Node& node, const Options& options);

}  // namespace chos::ctl
