// SPDX-License-Identifier: BSD-3-Clause
#include "farm/trees.h"

#include <fcntl.h>

#include <cerrno>

#include "basic/files.h"
#include "basic/text.h"
#include "farm/layout.h"
#include "mount/open.h"
#include "mount/trusted_path.h"

namespace chos {

Result<UniqueFd> open_tree_in_farm(const Config& config, const OsEntry& entry) {
  const UniqueFd farm(::open(config.farm.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!farm) return general_error(system_error("cannot open " + config.farm, errno));
  auto tree = open_in_tree(farm.get(), entry.path, Last::directory);
  if (!tree)
    return Error{
        "the tree of " + in_quotes(entry.name) + ": " + tree.error().what + " in the farm " + config.farm, "",
        tree.error().code};
  return tree;
}

UniqueFd open_tree_itself(const Config& config, const OsEntry& entry, int in_farm) {
  const auto path = base_path(config, entry.path);
  if (!path) return {};
  UniqueFd tree(::open(path->c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!tree || !same_file(tree.get(), in_farm)) return {};
  return tree;
}

Status check_paths_of_trees(const FarmWork& work) {
  return for_each_tree(work, [&work](const OsEntry& entry) -> Status {
    const auto path = base_path(work.node.config, entry.path);
    if (!path) return path.error();
    const auto tree = open_trusted_path(*path, work.node.trusted);
    if (!tree && entry.closed && tree.error().code != EPERM) return {};  // it may be missing
    return tree ? Status() : tree.error();
  });
}

// Opened, not only examined, so that an automounter mounts it.
bool same_directory_as(int fd, const std::string& path) {
  const UniqueFd other(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  return other && same_file(fd, other.get());
}

}  // namespace chos
