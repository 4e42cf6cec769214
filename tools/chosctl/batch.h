// SPDX-License-Identifier: BSD-3-Clause
// chosctl batch: the batch systems of the node.
#pragma once

#include "batch/node.h"
#include "chosctl/options.h"
#include "farm/node.h"

namespace chos::ctl {

/// Each prints what it changed or found on `batch_node` and returns the exit status.
int batch_enable(const Node& node, const Options& options, const BatchNode& batch_node);
int batch_disable(const Node& node, const Options& options, const BatchNode& batch_node);
int batch_status(const Options& options, const BatchNode& batch_node);

}  // namespace chos::ctl
