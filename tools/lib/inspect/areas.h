// SPDX-License-Identifier: BSD-3-Clause
// Which parts of a tree the programs in an OS execute, link or read as configuration.
#pragma once

#include <string_view>

namespace chos {

enum class Area {
  other,    ///< data, or what the farm shows of the node instead: /home, /run, /var/cache
  service,  ///< configuration of one service, which may belong to its account
  code,     ///< everything else that is executed, linked or read as configuration
};

/// The area of a file or directory of a tree; `path` as the tree has it, "/usr/bin/su".
Area area_of(std::string_view path, bool is_directory);

/// Whether users must be able to search this directory to run anything.
bool is_on_the_way(std::string_view path);

/// Whether a quick look at a tree includes what is in this directory: programs, libraries with two levels of
/// directories, and /etc.
bool is_critical(std::string_view directory);

/// Whether older Debian releases give this directory to their group "staff" (GID 50), which has no members
/// unless an administrator adds some.
bool is_local_of_debian(std::string_view path);

}  // namespace chos
