// SPDX-License-Identifier: BSD-3-Clause
// Shows the base's nsswitch.conf(5) in every OS, without the services that the tree has no modules for.
#pragma once

#include "basic/result.h"
#include "config/config.h"
#include "farm/work.h"

namespace chos {

/// Whether the configuration asks for it: not if nsswitch.conf is shared unfiltered.
bool shows_nsswitch(const Config& config);

Status show_nsswitch(const FarmWork& work);

}  // namespace chos
