// SPDX-License-Identifier: BSD-3-Clause
#include "farm/layout.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "allowlist/farm_names.h"
#include "basic/text.h"

namespace chos {
namespace {

// Never asks a file server: statx answers from what this machine has cached.
bool is_directory(const std::string& path) {
  struct statx info {};
  return ::statx(AT_FDCWD, path.c_str(), AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_TYPE, &info) == 0 &&
         S_ISDIR(info.stx_mode);
}

}  // namespace

Config with_real_paths(Config config) {
  config.trees = Servers::of_node().real_path(config.trees);
  return config;
}

std::vector<LayoutName> wanted_layout(const Config& config, const Servers& servers) {
  std::vector<LayoutName> names{{false, farm_local}, {false, farm_trees}};
  for (const auto& dir : config.dirs)
    if (!servers.ask_on_the_way("/" + dir) || is_directory("/" + dir)) names.push_back({false, dir});
  for (const auto& link : config.links) names.push_back({true, link});
  return names;
}

WantedBinds wanted_binds(const Config& config, const std::vector<LayoutName>& layout,
                         const Servers& servers) {
  WantedBinds binds;
  for (const auto& name : layout) {
    if (name.link) continue;
    const std::string source = name.name == farm_local   ? "/"
                               : name.name == farm_trees ? servers.real_path(config.trees)
                                                         : servers.real_path("/" + name.name);
    const BindWish wish{source, config.farm + "/" + name.name};
    if (!servers.ask_on_the_way(source)) binds.silent.push_back(wish);
    else if (is_directory(source)) binds.wishes.push_back(wish);
  }
  return binds;
}

Result<std::string> base_path(const Config& config, const std::string& path) {
  const auto slash = path.find('/', 1);
  const std::string top = path.substr(1, slash == std::string::npos ? slash : slash - 1);
  const std::string rest = slash == std::string::npos ? "" : path.substr(slash);
  if (top == farm_trees) return config.trees + rest;
  if (top == farm_local) return rest.empty() ? std::string("/") : rest;
  if (std::find(config.dirs.begin(), config.dirs.end(), top) != config.dirs.end()) return path;
  return Error{"the farm has no directory " + in_quotes("/" + top) + " to hold " + in_quotes(path),
               "add " + in_quotes(top) + " to [farm] add_dirs in " + config_path, ENOENT};
}

std::vector<Complaint> check_paths(const Config& config, const Allowlist& list, const std::string& file) {
  std::vector<Complaint> out;
  for (const auto& entry : list.entries()) {
    if (entry.is_base()) continue;
    if (const auto path = base_path(config, entry.path); !path)
      out.push_back({file, entry.line, path.error().what + "; " + path.error().remedy});
  }
  return out;
}

}  // namespace chos
