// SPDX-License-Identifier: BSD-3-Clause
// Symbolic links below /run/chos, which are mounted over files of trees.
#pragma once

#include <string>

#include "basic/result.h"

namespace chos {

/// Makes or replaces the symbolic link `link` with the target `text`, and makes its directory if it does not
/// exist.
Status make_link(const std::string& link, const std::string& text);

}  // namespace chos
