// SPDX-License-Identifier: BSD-3-Clause
// The batch systems that chos supports, by name.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "batch/batch.h"

namespace chos {

/// All names, in the order of the manual.
std::vector<std::string> batch_names();

/// Null if no batch system has that name.  "pbs" is not a name: it could mean openpbs or torque.
std::unique_ptr<BatchSystem> batch_system(const std::string& name, const BatchNode& node);

}  // namespace chos
