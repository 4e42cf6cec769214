// SPDX-License-Identifier: BSD-3-Clause
// Links in /usr/local/bin of the OSs that lead to programs of the base OS through the farm's `local`:
// chos(1), and chos-base(1) under the names of the commands that run in the base OS.
#pragma once

#include <string>
#include <vector>

#include "allowlist/allowlist.h"
#include "basic/result.h"
#include "config/config.h"

namespace chos {

/// The directory of the links, as in the OS.
inline constexpr const char* link_place = "/usr/local/bin";

struct TreeLink {
  std::string name;
  std::string target;  ///< as seen in the farm
  /// True: left out if the tree has a program of the name anywhere in its PATH.  False: only if it has one in
  /// link_place, which comes first in PATH.
  bool yields = false;
};

/// The links that every OS is to have: chos and chos-base, unless [farm] chos_link is off, and the commands
/// of [base] that the base OS has in its standard directories now.
std::vector<TreeLink> wanted_links(const Config& config);

/// Commands that one OS always takes from the base OS, even if its tree has them; see [base.os] of
/// chos.conf(5).
struct OsCommands {
  std::vector<std::string> names;   ///< commands that the base OS has
  std::vector<std::string> absent;  ///< commands that it lacks
};
/// The commands of all entries that share the tree of `entry`.
OsCommands commands_of(const Config& config, const Allowlist& list, const OsEntry& entry);

/// Adds links for these commands, unless `links` has the names already.
void add_commands(std::vector<TreeLink>& links, const OsCommands& commands);

/// Returns the wanted links for which the tree has neither the link nor a program of its own.  `tree` is open
/// on the tree (O_PATH).
std::vector<TreeLink> missing_links(int tree, const std::vector<TreeLink>& wanted);

/// The names of links in the tree's own link_place that up and reload of older versions made there.
std::vector<std::string> left_over_links(int tree);

/// Whether the tree is the base OS itself, which needs no links and no covers.
bool is_base_root(int tree);

/// The target of all links to chos-base.
std::string base_link_target();

}  // namespace chos
