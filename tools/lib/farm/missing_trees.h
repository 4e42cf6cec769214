// SPDX-License-Identifier: BSD-3-Clause
// Trees that are not there (yet): on a server that does not answer, on a disk that is mounted
// later.  They keep nobody from the other OSs: theirs is closed until they are there.
#pragma once

#include "allowlist/allowlist.h"
#include "config/config.h"
#include "fileserver/servers.h"

namespace chos {

/// Where to look for a tree.
enum class Where {
  base,  ///< on the base OS
  farm,  ///< there, and where its users will see it; the farm is mounted
};

/// Nothing if the tree of an entry is there: a directory with something in it.  An empty one is a
/// place for it to be mounted.  The Error says what is wrong with it, and has no remedy; code
/// ETIMEDOUT: its server does not answer.  An automounter is made to mount it.
Status find_tree(const Config& config, const OsEntry& entry, Where where, const Servers& servers);

/// The same of a tree at `path` of the base OS.
Status find_tree_at(const OsEntry& entry, const std::string& path, const Servers& servers);

/// The directories that are asked for to find the trees of a list; see Servers::ask_all().
std::vector<std::string> tree_paths(const Config& config, const Allowlist& list, Where where);

/// Sets `silent` of the entries whose trees are on servers that do not answer: before anything of
/// them is opened, which would wait for the server.
void mark_silent_trees(const Config& config, Allowlist& list, const Servers& servers);

/// What was found about the trees of a list, with the lines of its file.
struct MissingTrees {
  std::vector<Complaint> complaints;
  std::vector<std::string> names;  ///< of the OSs that are closed for want of a tree
};

/// Looks for the trees of all entries, and sets `no_tree` of those that have none, unless they are
/// `closed` in the file.  Those that are `silent` and open in `loaded`, the kernel's list, stay open: who
/// enters waits for the server, as he would in the base OS.
MissingTrees mark_missing_trees(const Config& config, const std::string& file, Allowlist& list,
                                const Allowlist& loaded, Where where, const Servers& servers);

/// "1 OS is closed because its tree is missing: a"; "" of none.
std::string missing_text(const std::vector<std::string>& names);

}  // namespace chos
