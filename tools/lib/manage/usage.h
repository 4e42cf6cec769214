// SPDX-License-Identifier: BSD-3-Clause
// Whether processes are in the trees of an OS.
#pragma once

#include <string>
#include <vector>

#include "manage/context.h"

namespace chos {

/// Whether processes are in one of the trees, whatever name they entered by, or entered by `name`;
/// "" stands for no name.  Code EBUSY: the kernel cannot tell.
Result<bool> trees_in_use(const ManageContext& context, const std::string& name,
                          const std::vector<TreeRecord>& trees);

}  // namespace chos
