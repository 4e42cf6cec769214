// SPDX-License-Identifier: BSD-3-Clause
// chosctl os: the trees, and who may enter them.
#pragma once

#include "chosctl/options.h"
#include "farm/node.h"

namespace chos::ctl {

/// Carries out `chosctl os SUBCOMMAND` and returns the exit status.
int os(const Node& node, const Options& options);

}  // namespace chos::ctl
