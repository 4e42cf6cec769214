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

namespace chos {
namespace {

// Also false if the directory cannot be read.
bool holds_no_tree(int directory) {
  const auto names = names_in(directory);
  return names && std::all_of(names->begin(), names->end(),
                              [](const std::string& name) { return name == "lost+found"; });
}

std::string tree_of(const OsEntry& entry) { return "the tree of " + in_quotes(entry.name); }

// Judges a tree by its descriptor or, if it could not be opened, by the errno `why`.
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

// Whether the OS at that path is open under any of its names.
bool is_open(const Allowlist& loaded, const std::string& path) {
  const auto& entries = loaded.entries();
  return std::any_of(entries.begin(), entries.end(),
                     [&path](const OsEntry& entry) { return entry.path == path && !entry.closed; });
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
  // The farm may still show a tree that the base has unmounted.
  const auto on_base = find_tree_at(entry, *path, servers);
  if (where == Where::base || !on_base) return on_base;
  if (auto status = servers.ask(config.farm + entry.path); !status)
    return Error{
        tree_of(entry) + " at " + *path + " is not the tree that the farm shows: " + status.error().what, "",
        status.error().code};
  const auto opened = open_tree_in_farm(config, entry);
  if (opened) return judge(entry, *path, *opened, 0);
  // A symbolic link may lead to a place that the farm does not show.
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

TreeStates find_silent_trees(const Config& config, const Allowlist& list, const Servers& servers) {
  TreeStates states;
  for (const auto& entry : list.entries()) {
    const auto path = base_path(config, entry.path);
    if (entry.is_base() || !path) continue;
    // The farm may still show a tree that the base has unmounted.
    if (!servers.ask(*path) || !servers.ask(config.farm + entry.path)) states.set(entry, {false, true});
  }
  return states;
}

MissingTrees find_missing_trees(const Config& config, const std::string& file, const Allowlist& list,
                                const Allowlist& loaded, Where where, const Servers& servers,
                                TreeStates& states) {
  MissingTrees out;
  // Looked for once for all names of a tree, so that they agree in the kernel's list.
  std::map<std::string, Status> trees;
  for (const auto& entry : list.entries()) {
    if (entry.is_base() || !list.stands_alone(entry)) continue;
    if (trees.count(entry.path) == 0) trees[entry.path] = find_tree(config, entry, where, servers);
    const Status& found = trees[entry.path];
    const bool waits = !found && found.error().code == ETIMEDOUT;
    const bool stays = waits && is_open(loaded, entry.path);
    // A tree that was silent in the farm still is, even if the base has none by now.
    const TreeState state{!found && !entry.closed && !stays, waits || (!found && states.of(entry).silent)};
    states.set(entry, state);
    if (found) continue;
    std::string text = found.error().what;
    if (stays && !entry.closed) {
      text +=
          "; the OS stays open, and entering it waits for the server; what chosctl adds to it stays as "
          "it is, until chosctl reload when the server is up";
    } else if (state.missing) {
      text +=
          "; the OS is closed until its tree is there: put it there and run chosctl reload (chosctl "
          "watch does that by itself), or remove the line";
      out.names.push_back(entry.name);
    }
    out.complaints.push_back({file, entry.line, text});
  }
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
