// SPDX-License-Identifier: BSD-3-Clause
#include "tree/links.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "allowlist/farm_names.h"
#include "basic/files.h"
#include "basic/program_search.h"
#include "basic/version.h"
#include "mount/operations.h"

namespace chos {
namespace {

constexpr const char* path_of_trees[] = {link_place, "/usr/bin", "/bin"};

std::string through_local(const char* program) { return "/" + std::string(farm_local) + program; }

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

OsCommands commands_of(const Config& config, const Allowlist& list, const OsEntry& entry) {
  OsCommands out;
  if (config.os_commands.empty()) return out;
  const auto self = identity_of(base_program);
  for (const auto& other : list.entries()) {
    const auto found = config.os_commands.find(other.name);
    if (other.path != entry.path || found == config.os_commands.end()) continue;
    for (const auto& name : found->second)
      (find_command(name, base_search_path, self).file.empty() ? out.absent : out.names).push_back(name);
  }
  return out;
}

void add_commands(std::vector<TreeLink>& links, const OsCommands& commands) {
  for (const auto& name : commands.names)
    if (std::none_of(links.begin(), links.end(), [&name](const TreeLink& link) { return link.name == name; }))
      links.push_back({name, base_link_target(), false});
}

std::vector<TreeLink> missing_links(int tree, const std::vector<TreeLink>& wanted) {
  std::vector<TreeLink> missing;
  if (is_base_root(tree)) return missing;
  for (const auto& link : wanted)
    if (!has(tree, link)) missing.push_back(link);
  return missing;
}

std::vector<std::string> left_over_links(int tree) {
  std::vector<std::string> names;
  const auto place = open_in_tree(tree, link_place, Last::directory);
  if (!place || is_base_root(tree)) return names;
  const auto all = names_in(place->get());
  if (!all) return names;
  const std::string base = base_link_target(), chos = through_local(chos_program);
  for (const auto& name : *all) {
    const std::string target = read_link(place->get(), name);
    if (target == base || (name == "chos" && target == chos)) names.push_back(name);
  }
  return names;
}

bool is_base_root(int tree) { return same_file(tree, "/"); }

}  // namespace chos
