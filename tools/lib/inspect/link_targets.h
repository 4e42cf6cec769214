// SPDX-License-Identifier: BSD-3-Clause
// Where the symbolic links of a tree lead, as far as others than root decide what is there.
#pragma once

#include <string>

namespace chos {

/// Examines the link that `link` is open on, which has the path `path` in the tree `tree`.  Returns which users
/// could change what it leads to: "link to /var/x, which uid 1000 can change".  Empty: none, or the survey of
/// the tree looks at the target anyway.  Directories for temporary files and homes are those of the node in an OS,
/// so that users can make what a link into them leads to, also by way of other links.
std::string users_behind(int tree, const std::string& path, int link);

}  // namespace chos
