// SPDX-License-Identifier: BSD-3-Clause
// Links in the OSs, in usr/local/bin, that lead to programs of the base OS by the farm's `local`:
// chos(1), and chos-base(1) by the names of the commands that run in the base OS.
#pragma once

#include <string>
#include <vector>

#include "allowlist/allowlist.h"
#include "basic/result.h"
#include "config/config.h"

namespace chos {

/// Where the links are seen.
inline constexpr const char* link_place = "/usr/local/bin";

struct TreeLink {
  std::string name;
  std::string target;  ///< as seen in the farm
  /// Left out if the tree has the name anywhere in its PATH; otherwise only if it has it in
  /// link_place, which comes first there.
  bool yields = false;
};

/// What every OS is to have: chos and chos-base, unless [farm] chos_link is off, and the commands
/// of [base] that the base OS has in the standard directories now.
std::vector<TreeLink> wanted_links(const Config& config);

/// Commands that one OS always takes from the base OS, even if its tree has them: see [base.os].
struct OsCommands {
  std::vector<std::string> names;   ///< that the base OS has
  std::vector<std::string> absent;  ///< that it has not
};
/// Of all entries that have the tree of `entry`.
OsCommands commands_of(const Config& config, const Allowlist& list, const OsEntry& entry);

/// Adds the links of those commands to `links`, once each.
void add_commands(std::vector<TreeLink>& links, const OsCommands& commands);

/// Of `wanted`, those that the tree which `tree` is open on (O_PATH) has not, nor a program of its
/// own in their place.
std::vector<TreeLink> missing_links(int tree, const std::vector<TreeLink>& wanted);

/// Names in the tree's link_place that are links as wanted_links() has them: up and reload of older
/// versions made them there.
std::vector<std::string> left_over_links(int tree);

/// Whether the tree is the base OS itself, whose programs are its own.
bool is_base_root(int tree);

/// The text of all links to chos-base.
std::string base_link_target();

}  // namespace chos
