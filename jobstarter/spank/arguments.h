// SPDX-License-Identifier: BSD-3-Clause
// The words after the plugin's name in plugstack.conf.
#pragma once

#include <string>
#include <vector>

#include "session/paths.h"

namespace chos::spank {

/// Removes the words that name paths, and returns these.  There are none for spank_chos.so; the plugin of
/// the tests is built with another source of this function, which takes allowlist=, proc= and log=.
Paths take_paths(std::vector<std::string>& words);

}  // namespace chos::spank
