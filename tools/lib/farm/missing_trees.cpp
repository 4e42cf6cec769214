// SPDX-License-Identifier: BSD-3-Clause
#include "farm/missing_trees.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>

#include "allowlist/allowlist.h"
#include "basic/files.h"
#include "basic/text.h"
#include "config/config.h"
#include "farm/layout.h"
#include "farm/trees.h"
#include "mount/operations.h"

namespace chos {
namespace {

// False too if the caller may not look.
bool holds_no_tree(int directory) {
  const auto names = names_in(directory);
  return names && std::all_of(names->begin(), names->end(),
                              [](const std::string& name) { return name == "lost+found"; });
}

std::string tree_of(const OsEntry& entry) { return "the tree of " + in_quotes(entry.name); }

// What opening it has given: a descriptor, or `why` not.
Status judge(const OsEntry& entry, const std::string& path, const UniqueFd& fd, int why) {
  if (!fd && why == ENOTDIR) return Error{tree_of(entry) + " at " + path + " is not a directory", "", why};
  if (!fd)
    return Error{tree_of(entry) + " cannot be found at " + path + " (" + std::strerror(why) + ")", "", why};
  if (holds_no_tree(fd.get()))
    return Error{tree_of(entry) + " cannot be found at " + path +
                     ": the directory is empty (is a "
                     "file system to be mounted there?)",
                 "", ENOENT};
  return {};
}

// Whether users may enter the tree at that path by any name.
bool is_open(const Allowlist& loaded, const std::string& path) {
  const auto& entries = loaded.entries();
  return std::any_of(entries.begin(), entries.end(),
                     [&path](const OsEntry& entry) { return entry.path == path && !entry.shut(); });
}

}  // namespace

Status find_tree_at(const OsEntry& entry, const std::string& path, const Servers& servers) {
  if (auto status = servers.ask(path); !status)
    return Error{tree_of(entry) + " at " + status.error().what, "", status.error().code};
  const UniqueFd fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  return judge(entry, path, fd, errno);
}

Status find_tree(const Config& config, const OsEntry& entry, Where where, const Servers& servers) {
  const auto path = base_path(config, entry.path);
  if (!path) return path.error();
  // What the base has unmounted may still be in the farm.
  const auto on_base = find_tree_at(entry, *path, servers);
  if (where == Where::base || !on_base) return on_base;
  if (auto status = servers.ask(config.farm + entry.path); !status)
    return Error{tree_of(entry) + " at " + *path + " is another one in the farm, " + status.error().what, "",
                 status.error().code};
  const auto opened = open_tree_in_farm(config, entry);
  if (opened) return judge(entry, *path, *opened, 0);
  // A link may lead to where the farm has nothing.
  return Error{
      tree_of(entry) + " is at " + *path + ", but cannot be reached in the farm: " + opened.error().what, "",
      opened.error().code};
}

std::vector<std::string> tree_paths(const Config& config, const Allowlist& list, Where where) {
  std::vector<std::string> paths;
  for (const OsEntry* entry : trees_of(list)) {
    if (const auto path = base_path(config, entry->path)) paths.push_back(*path);
    if (where == Where::farm) paths.push_back(config.farm + entry->path);
  }
  return paths;
}

void mark_silent_trees(const Config& config, Allowlist& list, const Servers& servers) {
  auto entries = list.entries();
  for (auto& entry : entries) {
    const auto path = base_path(config, entry.path);
    // The farm may still show what the base has unmounted.
    entry.silent =
        !entry.is_base() && path && (!servers.ask(*path) || !servers.ask(config.farm + entry.path));
  }
  list = Allowlist(std::move(entries));
}

MissingTrees mark_missing_trees(const Config& config, const std::string& file, Allowlist& list,
                                const Allowlist& loaded, Where where, const Servers& servers) {
  MissingTrees out;
  auto entries = list.entries();
  // One answer for all names of a tree: the kernel's list would not be one otherwise.
  std::map<std::string, Status> trees;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    auto& entry = entries[i];
    if (entry.is_base() || !list.stands_alone(list.entries()[i])) continue;
    if (trees.count(entry.path) == 0) trees[entry.path] = find_tree(config, entry, where, servers);
    const Status& found = trees[entry.path];
    const bool waits = !found && found.error().code == ETIMEDOUT;
    // What was found silent in the farm is so, though the base has no tree by now.
    entry.silent = waits || (!found && entry.silent);
    const bool stays = waits && is_open(loaded, entry.path);
    entry.no_tree = !found && !entry.closed && !stays;
    if (found) continue;
    std::string text = found.error().what;
    if (stays && !entry.closed) {
      text +=
          "; the OS stays open: who enters waits for the server; what chosctl adds to it stays as "
          "it is, until chosctl reload when the server is up";
    } else if (entry.no_tree) {
      text +=
          "; the OS is closed until it is there: put it there and run chosctl reload (chosctl "
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
