// SPDX-License-Identifier: BSD-3-Clause
// Groups by name.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

#include "basic/result.h"

namespace chos {

/// The gid of a group by name; an Error says whether there is none or it could not be asked.
using GroupLookup = std::function<Result<gid_t>(const std::string& name)>;

/// Asks NSS, so call it in the base OS only.
Result<gid_t> lookup_group(const std::string& name);

}  // namespace chos
