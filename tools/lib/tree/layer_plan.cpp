// SPDX-License-Identifier: BSD-3-Clause
#include "tree/layer_plan.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <map>

#include "basic/files.h"
#include "mount/operations.h"

namespace chos {
namespace {

// Where users write, or a system's own daemons all the time; a cover over one of them, or over a
// directory that holds it, would end that.
constexpr const char* written[] = {"/tmp",       "/var/tmp", "/run",  "/var/run", "/var/lock",
                                   "/var/cache", "/dev",     "/home", "/root",    "/srv"};

struct Entries {
  bool any = false;
  std::string open_to_all;  // the name of a directory that everybody may write in
};

Entries look_into(int fd) {
  Entries out;
  const auto directory = open_entries(fd);
  if (!directory) return {true, {}};
  while (const dirent* entry = next_entry(directory)) {
    const std::string name = entry->d_name;
    out.any = true;
    if (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN) continue;
    struct stat info {};
    if (::fstatat(fd, name.c_str(), &info, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) == 0 &&
        S_ISDIR(info.st_mode) && (info.st_mode & S_IWOTH) != 0)
      out.open_to_all = name;
  }
  return out;
}

// The deepest directory of the tree on the way to a directory, and what is missing below it.
struct Way {
  UniqueFd fd;
  std::string place;
  std::string missing;  // "a/b"; empty: all is there
  std::string problem;  // there is no way
};

Way find_way(int tree, const std::string& directory) {
  Way way;
  std::size_t end = 0;
  auto here = open_in_tree(tree, "/", Last::directory);
  while (here && end < directory.size()) {
    const std::size_t begin = end + 1;
    end = std::min(directory.find('/', begin), directory.size());
    if (end == begin) continue;
    const std::string whole = directory.substr(0, end);
    auto next = open_in_tree(tree, whole, Last::directory);
    if (!next) {
      const bool absent = next.error().code == ENOENT && !open_in_tree(tree, whole, Last::keep);
      if (absent) way.missing = directory.substr(begin);
      else way.problem = whole + " in the tree leads to no directory";
      break;
    }
    here = std::move(next);
  }
  if (!here) {
    way.problem = here.error().what;
    return way;
  }
  const std::string top = path_of(tree), name = path_of(here->get());
  way.place = name == top ? "/" : name.substr(top == "/" ? 0 : top.size());
  way.fd = std::move(*here);
  return way;
}

}  // namespace

std::string cover_problem(const std::string& place, int fd) {
  for (const char* directory : written)
    if (is_below(directory, place) || is_below(place, directory))
      return place + " is, or holds, a directory that is written to (" + directory + ")";
  struct stat info {};
  if (::fstat(fd, &info) == 0 && (info.st_mode & S_IWOTH) != 0) return "everybody may write in " + place;
  const auto entries = look_into(fd);
  if (!entries.open_to_all.empty()) return "everybody may write in " + place + "/" + entries.open_to_all;
  return {};
}

LayerPlan plan_layers(int tree, const std::vector<Addition>& wishes) {
  LayerPlan plan;
  std::map<std::string, Way> ways;              // by the directory of a wish
  std::map<std::string, Layer> layers;          // by place
  std::map<std::string, std::string> problems;  // by place
  for (const auto& wish : wishes) {
    const auto slash = wish.path.rfind('/');
    const std::string directory = wish.path.substr(0, slash), name = wish.path.substr(slash + 1);
    auto found = ways.find(directory);
    if (found == ways.end()) found = ways.emplace(directory, find_way(tree, directory)).first;
    const Way& way = found->second;
    struct stat info {};
    if (way.problem.empty() && way.missing.empty() &&
        ::fstatat(way.fd.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) == 0)
      continue;
    auto problem = problems.find(way.place);
    if (way.problem.empty() && problem == problems.end())
      problem = problems.emplace(way.place, cover_problem(way.place, way.fd.get())).first;
    const std::string& reason = way.problem.empty() ? problem->second : way.problem;
    if (!reason.empty()) {
      plan.unmet.push_back({wish, reason});
      continue;
    }
    Layer& layer = layers[way.place];
    if (!layer.lower) {
      layer.place = way.place;
      layer.lower = UniqueFd(::fcntl(way.fd.get(), F_DUPFD_CLOEXEC, 0));
      layer.empty = !look_into(way.fd.get()).any;
    }
    layer.additions.push_back(
        {wish.kind, (way.missing.empty() ? "" : way.missing + "/") + name, wish.target});
  }
  for (auto& [place, layer] : layers) {
    std::sort(layer.additions.begin(), layer.additions.end(),
              [](const Addition& a, const Addition& b) { return a.path < b.path; });
    plan.layers.push_back(std::move(layer));
  }
  return plan;
}

}  // namespace chos
