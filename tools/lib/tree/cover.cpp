// SPDX-License-Identifier: BSD-3-Clause
#include "tree/cover.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "basic/files.h"
#include "basic/program_search.h"
#include "basic/replace_file.h"
#include "basic/text.h"
#include "mount/detached.h"
#include "mount/open.h"
#include "mount/operations.h"
#include "tree/links.h"

namespace chos {
namespace {

// Opens a program of the tree, or a link to one.  No descriptor: there is none, or it is covered already.
UniqueFd open_own(int tree, const std::string& path) {
  auto fd = open_in_tree(tree, path, Last::keep);
  struct stat info {};
  if (!fd || ::fstat(fd->get(), &info) != 0 || S_ISDIR(info.st_mode)) return {};
  if (S_ISLNK(info.st_mode) && read_link(fd->get(), "") == base_link_target()) return {};
  return std::move(*fd);
}

std::vector<std::string> places_of(const std::vector<std::string>& names) {
  std::vector<std::string> places;
  for (const auto directory : split(base_search_path, ':'))
    for (const auto& name : names) places.push_back(std::string(directory) + "/" + name);
  return places;
}

}  // namespace

std::vector<std::string> uncovered_programs(int tree, const std::vector<std::string>& names) {
  std::vector<std::string> found;
  if (is_base_root(tree)) return found;
  for (const auto& path : places_of(names))
    if (open_own(tree, path)) found.push_back(path);
  return found;
}

BaseCovers::BaseCovers(std::string links, Transaction& changes, MountTable table)
    : link_(std::move(links) + "/command"), changes_(&changes), table_(std::move(table)) {}

Result<BaseCovers> BaseCovers::read(std::string links, Transaction& changes) {
  auto table = MountTable::read();
  if (!table) return table.error();
  return BaseCovers(std::move(links), changes, std::move(*table));
}

Status BaseCovers::cover(int target, const std::string& name, unsigned flags) {
  if (auto status = replace_link(link_, base_link_target()); !status) return general_error(status.error());
  auto mount = mount_link(link_, target, name);
  if (!mount) return mount.error();
  const auto status = set_mount_flags(mount->get(), flags, name);
  record_mount(std::move(*mount), "covering " + name, name, *changes_);
  return status;
}

Result<BaseCovers::Count> BaseCovers::show(int tree, const std::vector<std::string>& names, unsigned flags) {
  Count count;
  if (is_base_root(tree)) return count;
  const auto removed = uncover_others(tree, names);
  if (!removed) return removed.error();
  count.removed = *removed;
  for (const auto& path : places_of(names)) {
    const UniqueFd own = open_own(tree, path);
    if (!own) continue;
    // If /bin is a link to /usr/bin, the program is covered already when the second path is looked at.
    if (auto status = cover(own.get(), path_of(own.get()), flags); !status) return status.error();
    ++count.made;
  }
  count.all = names.size();
  return count;
}

Result<std::size_t> BaseCovers::uncover_others(int tree, const std::vector<std::string>& names) {
  std::size_t removed = 0;
  const std::string top = path_of(tree);
  const auto source = table_.source_of(link_);
  for (const auto& mount : table_.mounts()) {
    if (!source || mount.root != source->root || mount.device != source->device ||
        !is_below(mount.target, top) || mount.target == top)
      continue;
    const std::string name = mount.target.substr(mount.target.rfind('/') + 1);
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    const auto fd = open_mount(mount.id, mount.target);
    if (!fd) continue;  // hidden, or unmounted by now
    const auto place = Place::in(tree, mount.target.substr(top.size() + 1));
    if (!place) return place.error();
    auto status =
        detach_recorded(fd->get(), *place, false, "uncovering " + mount.target, mount.target, *changes_);
    if (!status) return status.error();
    ++removed;
  }
  return removed;
}

}  // namespace chos
