// SPDX-License-Identifier: BSD-3-Clause
// The words after the plugin's name in plugstack.conf.
#pragma once

#include <string>
#include <vector>

#include "session/paths.h"

namespace chos::spank {

/// Removes the words that name paths from `words`, and returns the paths. spank_chos.so accepts no such
/// words; the test plugin is built with another implementation of this function, which accepts allowlist=,
/// proc= and log=.
Paths take_paths(std::vector<std::string>& words);

}  // namespace chos::spank
