// SPDX-License-Identifier: BSD-3-Clause
#include "inspect/link_targets.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>

#include "basic/files.h"
#include "inspect/areas.h"
#include "inspect/writers.h"
#include "mount/mountinfo.h"
#include "mount/open.h"

namespace chos {
namespace {

namespace fs = std::filesystem;

// The path in the tree, if no directory on the way is a link.
std::string by_words(const std::string& path, const std::string& target) {
  return (fs::path(path).parent_path() / target).lexically_normal().string();
}

bool is_temporary(std::string_view path) {
  constexpr std::array<std::string_view, 3> directories{"/tmp", "/var/tmp", "/dev/shm"};
  return std::any_of(directories.begin(), directories.end(), [path](std::string_view directory) {
    return is_below(path, directory) && path != directory;
  });
}

// In an OS these are the node's.
bool is_of_the_node(std::string_view path) {
  constexpr std::array<std::string_view, 6> directories{"/dev", "/proc", "/sys", "/run", "/tmp", "/home"};
  return std::any_of(directories.begin(), directories.end(),
                     [path](std::string_view directory) { return is_below(path, directory); });
}

// The real path of the target in the tree; "" if it is not there.
std::string followed(int tree, const std::string& path, struct stat& info) {
  const auto target = open_in_tree(tree, path, Last::follow);
  if (!target || ::fstat(target->get(), &info) != 0) return {};
  const std::string top = path_of(tree), real = path_of(target->get());
  return is_below(real, top) && real != top ? real.substr(top == "/" ? 0 : top.size()) : std::string();
}

}  // namespace

std::string users_behind(int tree, const std::string& path, int link) {
  if (const auto wanted = by_words(path, read_link(link, "")); is_temporary(wanted))
    return "link to " + wanted + ", which everybody can make";
  struct stat info {};
  const std::string target = followed(tree, path, info);
  if (target.empty() || is_of_the_node(target) || area_of(target, S_ISDIR(info.st_mode)) != Area::other)
    return {};
  // From the target up to the root.
  bool belongs_to_root = false;
  for (fs::path at = target; at.has_relative_path(); at = at.parent_path()) {
    const auto fd = open_in_tree(tree, at.string(), Last::keep);
    if (!fd || ::fstat(fd->get(), &info) != 0) return {};
    if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) return {};
    // In a sticky directory, users cannot replace what belongs to root.
    const bool is_held = belongs_to_root && (info.st_mode & S_ISVTX) != 0 && info.st_uid == 0;
    if (const auto writers = writers_of(fd->get(), info); writers.users && !is_held)
      return "link to " + at.string() + ", which " + writers.text + " can change";
    belongs_to_root = info.st_uid == 0;
  }
  return {};
}

}  // namespace chos
