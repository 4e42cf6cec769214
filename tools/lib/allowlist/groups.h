// SPDX-License-Identifier: BSD-3-Clause
// Looks up groups by name.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

#include "basic/result.h"

namespace chos {

/// Finds the gid of a group.  Error code ENOENT: there is no such group.
using GroupLookup = std::function<Result<gid_t>(const std::string& name)>;

/// Asks NSS, so call it in the base OS only.
Result<gid_t> lookup_group(const std::string& name);

}  // namespace chos
