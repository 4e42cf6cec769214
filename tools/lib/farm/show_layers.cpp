// SPDX-License-Identifier: BSD-3-Clause
#include "farm/show_layers.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <vector>

#include "basic/files.h"
#include "basic/text.h"
#include "config/config.h"
#include "farm/show_nsswitch.h"
#include "farm/trees.h"
#include "mount/mountinfo.h"
#include "mount/open.h"
#include "tree/layer.h"
#include "tree/links.h"

namespace chos {
namespace {

bool is_symlink(int tree, const std::string& path) {
  const auto fd = open_in_tree(tree, path, Last::keep);
  struct stat info {};
  return fd && ::fstat(fd->get(), &info) == 0 && S_ISLNK(info.st_mode);
}

// Drops wishes below a directory that is shared as a whole: the OS shows the base's directory there.
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

// A mount point for each share that the base has, and for those that may be mounted already.
std::vector<Addition> mount_points(const Node& node, const SharedPaths& shares) {
  std::vector<Addition> out;
  const auto add = [&out](const std::string& path, bool is_file) {
    out.push_back({is_file ? Addition::Kind::file : Addition::Kind::directory, path, {}});
  };
  for (const auto& path : shares.there) {
    struct stat info {};
    if (::stat(path.c_str(), &info) == 0 && (S_ISDIR(info.st_mode) || S_ISREG(info.st_mode)))
      add(path, S_ISREG(info.st_mode));
  }
  for (const auto& path : shares.silent) add(path, was_shared_as_file(node.share_site(), path));
  if (shows_nsswitch(node.config) && ::access(node.nsswitch.c_str(), R_OK) == 0)
    add("/etc/nsswitch.conf", true);
  return out;
}

class Layers {
 public:
  Layers(const FarmWork& work, LayerMounts mounts, std::vector<Addition> points)
      : work_(work),
        mounts_(std::move(mounts)),
        points_(std::move(points)),
        links_(wanted_links(work.node.config)) {}

  Status show_all() {
    auto status = for_each_tree(work_, [this](const OsEntry& entry) { return show(entry); });
    if (!status) return status;
    if (all_ + changed_ > 0)
      work_.progress.step(
          "layers", changed_ > 0,
          std::to_string(all_) + (changed_ > 0 ? ", " + std::to_string(changed_) + " changed" : ""));
    return {};
  }

 private:
  Status show(const OsEntry& entry) {
    const auto in_farm = open_tree_in_farm(work_.node.config, entry);
    if (!in_farm || is_base_root(in_farm->get())) return {};
    const UniqueFd tree = open_tree_itself(work_.node.config, entry, in_farm->get());
    if (!tree) {
      work_.progress.warning("nothing can be added to " + in_quotes(entry.name) +
                             ": the base OS does "
                             "not show its tree as the farm does");
      return {};
    }
    if (auto status = remove_old_links(entry, tree.get()); !status) return status;
    const auto plan =
        plan_layers(tree.get(), without_covered(tree.get(), points_, wishes_of(entry, tree.get())));
    warn_of(entry, plan.unmet);
    return mount_layers(entry, plan, in_farm->get());
  }

  std::vector<Addition> wishes_of(const OsEntry& entry, int tree) const {
    auto links = links_;
    add_commands(links, commands_of(work_.node.config, work_.list, entry));
    auto wishes = points_;
    std::erase_if(wishes, [&](const Addition& wish) { return !concerns_share(tree, wish.path); });
    for (const auto& link : missing_links(tree, links))
      wishes.push_back({Addition::Kind::link, std::string(link_place) + "/" + link.name, link.target});
    return wishes;
  }

  // Older versions made the links in the trees themselves.
  Status remove_old_links(const OsEntry& entry, int tree) {
    std::vector<std::string> removed;
    auto opened = open_in_tree(tree, link_place, Last::directory);
    if (!opened) return {};
    const auto place = std::make_shared<UniqueFd>(std::move(*opened));
    for (const auto& name : left_over_links(tree)) {
      char text[PATH_MAX] = "";
      if (::readlinkat(place->get(), name.c_str(), text, sizeof text - 1) <= 0 ||
          ::unlinkat(place->get(), name.c_str(), 0) != 0)
        continue;  // the tree is read-only, where the links do no harm
      removed.push_back(name);
      const std::string file = path_of(place->get()) + "/" + name;
      work_.changes.done("removing " + file, [place, name, file, text = std::string(text)]() -> Status {
        if (::symlinkat(text.c_str(), place->get(), name.c_str()) != 0)
          return system_error("cannot make the link " + file, errno);
        return {};
      });
    }
    if (!removed.empty())
      work_.progress.step("links", true,
                          std::to_string(removed.size()) +
                              " that an older version had "
                              "made in the tree of " +
                              in_quotes(entry.name) + " removed: a layer has them now");
    return {};
  }

  void warn_of(const OsEntry& entry, const std::vector<Unmet>& unmet) {
    std::vector<std::string> names;
    for (const auto& [wish, reason] : unmet) {
      if (wish.kind == Addition::Kind::link) {
        names.push_back(wish.path.substr(wish.path.rfind('/') + 1));
        continue;
      }
      const char* kind = wish.kind == Addition::Kind::directory ? "directory " : "file ";
      work_.progress.warning("not shared with " + in_quotes(entry.name) + ": it has no " + kind + wish.path +
                             ", and none can be added: " + reason +
                             "; make it when the "
                             "tree is built, or take " +
                             wish.path + " out of [share] in " + config_path);
    }
    if (!names.empty())
      work_.progress.warning("no links in " + in_quotes(entry.name) + " for " + listed(names) + ": " +
                             unmet.back().reason + "; make " + link_place + " when the tree is built");
  }

  Status mount_layers(const OsEntry& entry, const LayerPlan& plan, int tree) {
    const auto removed = mounts_.remove_others(tree, plan);
    if (!removed) return removed.error();
    changed_ += *removed;
    for (const Layer& layer : plan.layers) {
      const auto outcome = mounts_.show(tree, layer, mount_nodev | (entry.suid ? 0U : mount_nosuid));
      if (!outcome) {
        // The tree may be on a file system that overlayfs does not support; the other layers still work.
        work_.progress.warning("nothing can be added to " + layer.place + " of " + in_quotes(entry.name) +
                               ": " + outcome.error().what);
        continue;
      }
      if (*outcome == LayerMounts::Outcome::no_overlayfs) {
        warn_of_no_overlayfs();
        continue;
      }
      ++all_;
      if (*outcome == LayerMounts::Outcome::mounted) ++changed_;
    }
    return {};
  }

  void warn_of_no_overlayfs() {
    if (!no_overlayfs_)
      work_.progress.warning(
          "this kernel has no overlayfs, so nothing is added to directories of "
          "trees that are not empty; doctor says what is missing in each");
    no_overlayfs_ = true;
  }

  const FarmWork& work_;
  LayerMounts mounts_;
  const std::vector<Addition> points_;
  const std::vector<TreeLink> links_;
  std::size_t all_ = 0, changed_ = 0;
  bool no_overlayfs_ = false;
};

}  // namespace

Status show_layers(const FarmWork& work, const SharedPaths& shares) {
  auto mounts = LayerMounts::read(work.node.layers, work.changes);
  if (!mounts) return mounts.error();
  return Layers(work, std::move(*mounts), mount_points(work.node, shares)).show_all();
}

}  // namespace chos
