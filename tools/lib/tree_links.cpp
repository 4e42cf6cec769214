// SPDX-License-Identifier: BSD-3-Clause
#include "lib/tree_links.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <memory>

#include "lib/base_command.h"
#include "lib/mount_ops.h"
#include "lib/version.h"

namespace chos {
namespace {

constexpr const char* path_of_trees[] = {link_place, "/usr/bin", "/bin"};

std::string through_local(const char* program) {
  return "/" + std::string(farm_local) + program;
}

bool has(int tree, const TreeLink& link) {
  for (const char* directory : path_of_trees) {
    if (open_in_tree(tree, std::string(directory) + "/" + link.name, Last::keep)) return true;
    if (!link.yields) break;
  }
  return false;
}

}  // namespace

std::string base_link_target() { return through_local(base_program); }

std::vector<TreeLink> wanted_links(const Config& config) {
  std::vector<TreeLink> links;
  if (config.chos_link) {
    links.push_back({"chos", through_local(chos_program), true});
    links.push_back({"chos-base", base_link_target(), true});
  }
  const auto self = identity_of(base_program);
  for (const auto& name : config.base_commands)
    if (!find_command(name, base_search_path, self).file.empty())
      links.push_back({name, base_link_target(), false});
  return links;
}

std::vector<TreeLink> missing_links(int tree, const std::vector<TreeLink>& wanted) {
  std::vector<TreeLink> missing;
  if (is_base_root(tree)) return missing;
  for (const auto& link : wanted)
    if (!has(tree, link)) missing.push_back(link);
  return missing;
}

std::vector<std::string> left_over_links(int tree, const std::vector<TreeLink>& wanted) {
  std::vector<std::string> names;
  const auto place = open_in_tree(tree, link_place, Last::directory);
  if (!place || is_base_root(tree)) return names;
  const std::string again = "/proc/self/fd/" + std::to_string(place->get());
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(::opendir(again.c_str()), ::closedir);
  if (!listing) return names;
  const std::string ours = base_link_target();
  while (const dirent* entry = ::readdir(listing.get())) {
    const std::string name = entry->d_name;
    char text[PATH_MAX];
    const ssize_t size = ::readlinkat(place->get(), name.c_str(), text, sizeof text);
    if (size <= 0 || std::string_view(text, static_cast<std::size_t>(size)) != ours) continue;
    const bool is_wanted = std::any_of(wanted.begin(), wanted.end(),
                                       [&name](const TreeLink& link) { return link.name == name; });
    if (!is_wanted && name != "chos-base") names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool is_base_root(int tree) {
  struct stat one {}, two {};
  return ::fstat(tree, &one) == 0 && ::stat("/", &two) == 0 && one.st_dev == two.st_dev &&
         one.st_ino == two.st_ino;
}

}  // namespace chos
