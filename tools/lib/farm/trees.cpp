// SPDX-License-Identifier: BSD-3-Clause
#include "farm/trees.h"

#include <fcntl.h>

#include <cerrno>

#include "basic/files.h"
#include "basic/text.h"
#include "farm/layout.h"
#include "mount/operations.h"

namespace chos {

Result<UniqueFd> open_tree_in_farm(const Config& config, const OsEntry& entry) {
  const UniqueFd farm(::open(config.farm.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!farm) return system_error("cannot open " + config.farm, errno);
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

// Opened, not only examined, so that an automounter mounts it.
bool same_directory_as(int fd, const std::string& path) {
  const UniqueFd other(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  return other && same_file(fd, other.get());
}

}  // namespace chos
