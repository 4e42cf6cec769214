// SPDX-License-Identifier: BSD-3-Clause
// chosctl status and doctor.
#pragma once

#include "config/config.h"
#include "farm/node.h"

namespace chos::ctl {

/// Prints the state of the node, as JSON on request.  Returns exit_down if chos is not up.
int status(const Node& node, bool json);

/// Prints the findings on the node and its trees.  Returns exit_failed if one of them is an error.
int doctor(const Node& node, const ParsedConfig& config, bool json);

}  // namespace chos::ctl
