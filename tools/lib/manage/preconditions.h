// SPDX-License-Identifier: BSD-3-Clause
// What must hold before an OS is made, and what chosctl did not make.
#pragma once

#include <string>
#include <vector>

#include "manage/context.h"
#include "store/source.h"

namespace chos {

/// Rejects a name that no OS may have: `default` stands for another OS, `base` is the base OS.
Status check_name(const std::string& name);

/// Rejects options of chos(5) that the allowlist would not accept, such as an unknown group, before a
/// tree is made.
Status check_line(const ManageContext& context, const std::string& name, const std::string& options);

/// Rejects a source inside a managed tree: it vanishes when that OS is removed or replaced.
Status check_source(const ManageContext& context, const Source& source);

/// The paths, as seen in the farm, of the trees that an OS has or had and that have no record.  `path`
/// is that of its tree now.
std::vector<std::string> made_by_hand(const std::vector<TreeRecord>& records, const std::string& path);

}  // namespace chos
