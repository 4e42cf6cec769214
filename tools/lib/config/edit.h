// SPDX-License-Identifier: BSD-3-Clause
// Edits the text of /etc/chos.conf without changing what people wrote in it.
#pragma once

#include <string>
#include <vector>

#include "basic/result.h"

namespace chos {

/// Returns the text with exactly these commands for an OS in [base.os] of chos.conf(5); without commands, the
/// entry is removed.  Pure.  An Error if the text is not TOML, or so unusual that it has to be edited by
/// hand.
Result<std::string> with_os_commands(const std::string& text, const std::string& os,
                                     const std::vector<std::string>& commands);

}  // namespace chos
