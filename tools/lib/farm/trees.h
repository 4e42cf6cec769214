// SPDX-License-Identifier: BSD-3-Clause
// Opening the trees of OSs.
#pragma once

#include <string>

#include "allowlist/allowlist.h"
#include "basic/files.h"
#include "config/config.h"
#include "farm/work.h"

namespace chos {

/// Opens a tree as the farm shows it, O_PATH.
Result<UniqueFd> open_tree_in_farm(const Config& config, const OsEntry& entry);

/// Opens a tree as the base OS has it, without the mounts that chos makes in the farm, O_PATH.  Returns no
/// descriptor if that is not the directory that `in_farm` is open on.
UniqueFd open_tree_itself(const Config& config, const OsEntry& entry, int in_farm);

/// Closes the OSs whose trees somebody else than root could replace: who may write in a directory above a
/// tree, on the base OS.  See open_trusted_path().
Status check_paths_of_trees(const FarmWork& work);

/// Whether a descriptor is open on the directory that `path` leads to.  Opens `path`, which triggers an
/// automount.
bool same_directory_as(int fd, const std::string& path);

}  // namespace chos
