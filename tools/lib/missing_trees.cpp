// SPDX-License-Identifier: BSD-3-Clause
#include "lib/missing_trees.h"

#include <dirent.h>
#include <fcntl.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "lib/mount_ops.h"
#include "lib/names.h"
#include "lib/populate.h"

namespace chos {
namespace {

struct CloseDir {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

// False too if the caller may not look.
bool is_empty(int directory) {
  const int again = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, CloseDir> listing(again < 0 ? nullptr : ::fdopendir(again));
  if (!listing) return false;
  while (const dirent* entry = ::readdir(listing.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != ".." && name != "lost+found") return false;
  }
  return true;
}

std::string tree_of(const OsEntry& entry) { return "the tree of " + in_quotes(entry.name); }

// What opening it has given: a descriptor, or `why` not.
Status judge(const OsEntry& entry, const std::string& path, const UniqueFd& fd, int why) {
  if (!fd && why == ENOTDIR)
    return Error{tree_of(entry) + " at " + path + " is not a directory", "", why};
  if (!fd)
    return Error{tree_of(entry) + " cannot be found at " + path + " (" + std::strerror(why) + ")",
                 "", why};
  if (is_empty(fd.get()))
    return Error{tree_of(entry) + " cannot be found at " + path + ": the directory is empty (is a "
                 "file system to be mounted there?)", "", ENOENT};
  return {};
}

}  // namespace

Status find_tree_at(const OsEntry& entry, const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  return judge(entry, path, fd, errno);
}

Status find_tree(const Config& config, const OsEntry& entry, Where where) {
  const auto path = base_path(config, entry.path);
  if (!path) return path.error();
  // What the base has unmounted may still be in the farm.
  const auto on_base = find_tree_at(entry, *path);
  if (where == Where::base || !on_base) return on_base;
  const auto opened = open_tree_in_farm(config, entry);
  if (opened) return judge(entry, *path, *opened, 0);
  // A link may lead to where the farm has nothing.
  return Error{tree_of(entry) + " is at " + *path + ", but cannot be reached in the farm: " +
                   opened.error().what, "", opened.error().code};
}

MissingTrees mark_missing_trees(const Config& config, const std::string& file, Allowlist& list,
                                Where where) {
  MissingTrees out;
  auto entries = list.entries();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    auto& entry = entries[i];
    if (entry.is_base() || !list.stands_alone(list.entries()[i])) continue;
    const auto found = find_tree(config, entry, where);
    entry.no_tree = !found && !entry.closed;
    if (found) continue;
    std::string text = found.error().what;
    if (entry.no_tree) {
      text += "; the OS is closed until it is there: put it there and run chosctl reload (chosctl "
              "watch sees to that by itself), or remove the line";
      out.names.push_back(entry.name);
    }
    out.complaints.push_back({file, entry.line, text});
  }
  list = Allowlist(std::move(entries));
  return out;
}

std::string missing_text(const std::vector<std::string>& names) {
  if (names.empty()) return {};
  return std::to_string(names.size()) +
         (names.size() == 1 ? " OS is closed because its tree is missing: "
                            : " OSs are closed because their trees are missing: ") +
         listed(names);
}

}  // namespace chos
