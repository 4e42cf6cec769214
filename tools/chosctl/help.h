// SPDX-License-Identifier: BSD-3-Clause
// The end of the --help text of each command of chosctl: its examples and exit statuses.
#pragma once

#include <string>

namespace chos::ctl {

/// The text that follows the options of a command, such as "os add"; "" is chosctl itself.
std::string help_footer(const std::string& command);

}  // namespace chos::ctl
