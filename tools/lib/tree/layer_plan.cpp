// SPDX-License-Identifier: BSD-3-Clause
#include "tree/layer_plan.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <optional>

#include "basic/files.h"
#include "mount/mountinfo.h"
#include "mount/open.h"

namespace chos {
namespace {

// Directories that users or daemons write to.  A read-only layer over one of them, or over a directory that
// holds one, would prevent that.
constexpr const char* written[] = {"/tmp",       "/var/tmp", "/run",  "/var/run", "/var/lock",
                                   "/var/cache", "/dev",     "/home", "/root",    "/srv"};

struct Entries {
  bool any = false;
  std::string open_to_all;  // the name of a directory that everybody may write in
};

constexpr int entry_itself = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;

// What is known of an entry of a directory without asking the server of what is mounted there, which may be a
// user's that never answers.  Nothing: there is no such entry.
std::optional<struct statx> known_entry(int directory, const std::string& name) {
  struct statx info {};
  if (::statx(directory, name.c_str(), entry_itself | AT_STATX_DONT_SYNC, 0, &info) != 0) return std::nullopt;
  return info;
}

// The type and mode of an entry; 0 if they are not known.
mode_t mode_of(int directory, const std::string& name) {
  const auto known = known_entry(directory, name);
  if (!known) return 0;
  if ((known->stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0) return known->stx_mode;
  struct stat info {};
  return ::fstatat(directory, name.c_str(), &info, entry_itself) == 0 ? info.st_mode : 0;
}

Entries look_into(int fd) {
  Entries out;
  const auto directory = open_entries(fd);
  if (!directory) return {true, {}};
  while (const dirent* entry = next_entry(directory)) {
    const std::string name = entry->d_name;
    out.any = true;
    if (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN) continue;
    const mode_t mode = mode_of(fd, name);
    if (S_ISDIR(mode) && (mode & S_IWOTH) != 0) out.open_to_all = name;
  }
  return out;
}

// The deepest directory that the tree has on the way to a directory, and the rest of the path.
struct Way {
  UniqueFd fd;
  std::string place;
  std::string missing;  // "a/b"; empty: the directory exists
  std::string problem;  // why there is no such way
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
    if (way.problem.empty() && way.missing.empty() && known_entry(way.fd.get(), name)) continue;
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
