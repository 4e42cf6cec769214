// SPDX-License-Identifier: BSD-3-Clause
// Which entries of a tar archive a tree may have.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "basic/result.h"

struct archive_entry;

namespace chos {

/// Empty, or what is wrong with an entry's name: absolute, "..", empty.
std::string entry_name_problem(const std::string& name);

/// Empty, or what is wrong with a symbolic link `name` -> `target`: a relative one that leads above
/// the root of the tree.
std::string link_problem(const std::string& name, const std::string& target);

/// Empty, or what is wrong with the name of an entry, for a tree: entry_name_problem(), or it is too long or
/// too deep.
std::string placement_problem(const std::string& name);

/// Empty, or what is wrong with an entry whose name is sound: its type, or where its link leads.  A device
/// node is none of that: see is_device().
std::string entry_problem(archive_entry* entry, const std::string& name);

/// Whether an entry is a character or block device.
bool is_device(archive_entry* entry);

/// The number of components of a name without "." and empty ones: "./a//b" has two.
std::size_t depth_of(const std::string& name);

/// The path of an entry in its tree: "/a/b" of "./a//b/".  The name is sound.
std::string tree_path(std::string name);

/// Takes from an entry all extended attributes but users' own and file capabilities.  The others belong to
/// the system that the archive was made on: labels, attributes of overlays, access lists of a file server.
/// Counts the entries that lost one, by the attribute's name.
void drop_attributes(archive_entry* entry, std::map<std::string, std::uint64_t>& left_out);

/// The Error for an entry that is not accepted.
Error refused_entry(const std::string& file, const std::string& name, const std::string& problem);

}  // namespace chos
