// SPDX-License-Identifier: BSD-3-Clause
// The batch systems that chos knows, by name.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "batch/batch.h"

namespace chos {

/// Of every one, in the order of the manual.
std::vector<std::string> batch_names();

/// Null: there is none of that name.  "pbs" is none: there are two.
std::unique_ptr<BatchSystem> batch_system(const std::string& name, const BatchNode& node);

}  // namespace chos
