// SPDX-License-Identifier: BSD-3-Clause
// chosctl os base: the commands of an OS that run in the base OS, in the configuration file.
#pragma once

#include <string>

#include "basic/result.h"
#include "chosctl/options.h"
#include "farm/node.h"

namespace chos::ctl {

/// Prints the commands, or changes them and reloads.  Returns the exit status.
int os_base(const Node& node, const Options& options);

/// Takes an OS out of [base.os] of the file `config`.  Succeeds if it is not there.
Status forget_base_commands(const Node& node, const std::string& config, const std::string& name);

}  // namespace chos::ctl
