// SPDX-License-Identifier: BSD-3-Clause
// What the OSs show and their trees do not have: links, mount points for shares, programs of the
// base OS.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "allowlist/allowlist.h"
#include "basic/files.h"
#include "basic/text.h"
#include "config/config.h"
#include "farm/populate.h"
#include "farm/trees.h"
#include "mount/operations.h"
#include "tree/cover.h"
#include "tree/layer.h"
#include "tree/links.h"
#include "tree/share.h"

namespace chos {
namespace {

bool is_symlink(int tree, const std::string& path) {
  const auto fd = open_in_tree(tree, path, Last::keep);
  struct stat info {};
  return fd && ::fstat(fd->get(), &info) == 0 && S_ISLNK(info.st_mode);
}

// Without what lies below a directory that is shared as a whole: that shows the base's.
std::vector<Addition> without_covered(int tree, const std::vector<Addition>& points,
                                      std::vector<Addition> wishes) {
  std::erase_if(wishes, [&](const Addition& wish) {
    return std::any_of(points.begin(), points.end(), [&](const Addition& point) {
      return point.kind == Addition::Kind::directory && point.path != wish.path &&
             is_below(wish.path, point.path) && !is_symlink(tree, point.path);
    });
  });
  return wishes;
}

}  // namespace

// One for each share that the base has, and for those that may be mounted already.
std::vector<Addition> Populate::mount_points() const {
  std::vector<Addition> out;
  const auto add = [&out](const std::string& path, bool is_file) {
    out.push_back({is_file ? Addition::Kind::file : Addition::Kind::directory, path, {}});
  };
  for (const auto& path : shares_.there) {
    struct stat info {};
    if (::stat(path.c_str(), &info) == 0 && (S_ISDIR(info.st_mode) || S_ISREG(info.st_mode)))
      add(path, S_ISREG(info.st_mode));
  }
  for (const auto& path : shares_.silent) add(path, was_shared_as_file(node_.share_site(), path));
  return out;
}

// Older versions made the links in the trees themselves.
Status Populate::remove_old_links(const OsEntry& entry, int tree) {
  std::vector<std::string> removed;
  const auto place = open_in_tree(tree, link_place, Last::directory);
  if (!place) return {};
  for (const auto& name : left_over_links(tree)) {
    const std::string text = read_link(place->get(), name);
    if (text.empty() || ::unlinkat(place->get(), name.c_str(), 0) != 0)
      continue;  // it cannot be written; there they do no harm
    removed.push_back(name);
    const std::string file = path_of(place->get()) + "/" + name;
    changes_.done("removing " + file, [file, text]() -> Status {
      if (::symlink(text.c_str(), file.c_str()) != 0)
        return system_error("cannot make the link " + file, errno);
      return {};
    });
  }
  if (!removed.empty())
    progress_.step("links", true,
                   std::to_string(removed.size()) +
                       " that an older version had "
                       "made in the tree of " +
                       in_quotes(entry.name) + " removed: a layer has them now");
  return {};
}

void Populate::say_unmet(const OsEntry& entry, const std::vector<Unmet>& unmet) {
  std::vector<std::string> names;
  for (const auto& [wish, reason] : unmet) {
    if (wish.kind == Addition::Kind::link) {
      names.push_back(wish.path.substr(wish.path.rfind('/') + 1));
      continue;
    }
    const char* kind = wish.kind == Addition::Kind::directory ? "directory " : "file ";
    progress_.warning("not shared with " + in_quotes(entry.name) + ": it has no " + kind + wish.path +
                      ", and none can be added: " + reason +
                      "; make it when the "
                      "tree is built, or take " +
                      wish.path + " out of [share] in " + config_path);
  }
  if (!names.empty())
    progress_.warning("no links in " + in_quotes(entry.name) + " for " + listed(names) + ": " +
                      unmet.back().reason + "; make " + link_place + " when the tree is built");
}

Status Populate::show_layers(const OsEntry& entry, LayerMounts& mounts, const LayerPlan& plan, int tree,
                             Counts& counts) {
  const auto removed = mounts.remove_others(tree, plan);
  if (!removed) return removed.error();
  counts.changed += *removed;
  for (const Layer& layer : plan.layers) {
    const auto outcome = mounts.show(tree, layer, mount_nodev | (entry.suid ? 0U : mount_nosuid));
    if (!outcome) {
      // A file system of the tree's that an overlay cannot be put on is no reason to stop.
      progress_.warning("nothing can be added to " + layer.place + " of " + in_quotes(entry.name) + ": " +
                        outcome.error().what);
      continue;
    }
    if (*outcome == LayerMounts::Outcome::no_overlayfs) {
      if (!counts.no_overlayfs)
        progress_.warning(
            "this kernel has no overlayfs, so nothing is added to directories of "
            "trees that are not empty; doctor says what is missing in each");
      counts.no_overlayfs = true;
      continue;
    }
    ++counts.all;
    if (*outcome == LayerMounts::Outcome::mounted) ++counts.changed;
  }
  return {};
}

Status Populate::layers() {
  auto mounts = LayerMounts::read(node_.layers, changes_);
  if (!mounts) return mounts.error();
  auto points = mount_points();
  if (shows_nsswitch() && ::access(node_.nsswitch.c_str(), R_OK) == 0)
    points.push_back({Addition::Kind::file, "/etc/nsswitch.conf", {}});
  const auto links = wanted_links(node_.config);
  Counts counts;
  for (const OsEntry* entry : trees_of(list_)) {
    if (entry->out_of_reach()) continue;  // where it will be mounted nothing is to be made
    const auto in_farm = open_tree_in_farm(node_.config, *entry);
    if (!in_farm || is_base_root(in_farm->get())) continue;
    const UniqueFd tree = open_tree_itself(node_.config, *entry, in_farm->get());
    if (!tree) {
      progress_.warning("nothing can be added to " + in_quotes(entry->name) +
                        ": the base OS does "
                        "not show its tree as the farm does");
      continue;
    }
    if (auto status = remove_old_links(*entry, tree.get()); !status) return status;
    auto of_os = links;
    add_commands(of_os, commands_of(node_.config, list_, *entry));
    auto wishes = points;
    std::erase_if(wishes, [&](const Addition& wish) { return !concerns_share(tree.get(), wish.path); });
    for (const auto& link : missing_links(tree.get(), of_os))
      wishes.push_back({Addition::Kind::link, std::string(link_place) + "/" + link.name, link.target});
    const auto plan = plan_layers(tree.get(), without_covered(tree.get(), points, std::move(wishes)));
    say_unmet(*entry, plan.unmet);
    if (auto status = show_layers(*entry, *mounts, plan, in_farm->get(), counts); !status) return status;
  }
  if (counts.all + counts.changed > 0)
    progress_.step("layers", counts.changed > 0,
                   std::to_string(counts.all) +
                       (counts.changed > 0 ? ", " + std::to_string(counts.changed) + " changed" : ""));
  return {};
}

Status Populate::covers() {
  auto covers = BaseCovers::read(node_.links, changes_);
  if (!covers) return covers.error();
  std::size_t all = 0, changed = 0;
  for (const OsEntry* entry : trees_of(list_)) {
    if (entry->out_of_reach()) continue;  // where it will be mounted nothing is to be made
    const auto tree = open_tree_in_farm(node_.config, *entry);
    if (!tree) continue;
    const auto commands = commands_of(node_.config, list_, *entry);
    if (!commands.absent.empty())
      progress_.warning("the base OS has no " + listed(commands.absent) + ", which [base.os] of " +
                        config_path + " names for " + in_quotes(entry->name));
    const auto count =
        covers->show(tree->get(), commands.names, mount_nodev | (entry->suid ? 0U : mount_nosuid));
    if (!count) return count.error();
    all += count->all;
    changed += count->made + count->removed;
  }
  for (const auto& [name, commands] : node_.config.os_commands)
    if (list_.find_name(name) == nullptr)
      progress_.warning("[base.os] of " + std::string(config_path) + " names " + in_quotes(name) +
                        ", which is not in " + node_.allowlist_file);
  if (all + changed > 0)
    progress_.step(
        "base commands", changed > 0,
        std::to_string(all) + " of single OSs" +
            (changed > 0 ? ", " + std::to_string(changed) + " programs covered or uncovered" : ""));
  return {};
}

}  // namespace chos
