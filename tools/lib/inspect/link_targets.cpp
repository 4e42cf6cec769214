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

// As the kernel limits it.
constexpr int most_links_followed = 40;

// Who can make files there, in words; nullptr: root alone.  In an OS these directories are the node's.
const char* makers_of(std::string_view path) {
  struct Place {
    std::string_view directory;
    const char* makers;
  };
  constexpr std::array<Place, 7> places{{{"/tmp", "everybody"},
                                         {"/var/tmp", "everybody"},
                                         {"/dev/shm", "everybody"},
                                         {"/run/lock", "everybody"},
                                         {"/run/shm", "everybody"},
                                         {"/run/user", "a user"},
                                         {"/home", "a user"}}};
  for (const auto& [directory, makers] : places)
    if (is_below(path, directory) && path != directory) return makers;
  return nullptr;
}

// Goes the way of the link `path` with the text `text` in the tree, name by name.  Returns the first place on
// it that users can make; empty: there is none.
std::string made_by_users(int tree, const std::string& path, const std::string& text) {
  fs::path here = fs::path(path).parent_path(), rest = text;
  for (int links = 0; links < most_links_followed; ++links) {
    bool is_link = false;
    for (auto name = rest.begin(); name != rest.end() && !is_link; ++name) {
      const fs::path above = here;
      here = (here / *name).lexically_normal();  // also "/", "." and ".."
      if (const char* makers = makers_of(here.native()); makers != nullptr) {
        for (++name; name != rest.end(); ++name) here /= *name;
        return here.lexically_normal().string() + ", which " + makers + " can make";
      }
      const auto fd = open_in_tree(tree, here.string(), Last::keep);
      struct stat info {};
      // What the tree lacks, the node may have.
      is_link = fd && ::fstat(fd->get(), &info) == 0 && S_ISLNK(info.st_mode);
      if (!is_link) continue;
      fs::path onwards = read_link(fd->get(), "");
      for (++name; name != rest.end(); ++name) onwards /= *name;
      here = above;
      rest = onwards;
      break;
    }
    if (!is_link) return {};
  }
  return {};
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
  // Distributions have it, and no program looks for files of its own there.
  if (path == "/usr/tmp") return {};
  const std::string text = read_link(link, "");
  if (const auto made = made_by_users(tree, path, text); !made.empty()) return "link to " + made;
  struct stat info {};
  const std::string target = followed(tree, path, info);
  // A relative link leads to the tree's own /run, not to the node's.
  const bool is_elsewhere = text.starts_with('/') && is_of_the_node(target);
  if (target.empty() || is_elsewhere || area_of(target, S_ISDIR(info.st_mode)) != Area::other) return {};
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
