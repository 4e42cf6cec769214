// SPDX-License-Identifier: BSD-3-Clause
#include "fileserver/servers.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <deque>
#include <string_view>

#include "basic/files.h"
#include "basic/text.h"

namespace chos {
namespace {

constexpr int most_links = 40;  // the limit of the kernel

constexpr std::array<std::string_view, 14> types = {"autofs", "nfs",  "nfs4",   "cifs", "smb3",
                                                    "smbfs",  "ceph", "lustre", "gpfs", "beegfs",
                                                    "afs",    "9p",   "ocfs2",  "gfs2"};

// A name for what is silent together: all mounts of one NFS server, each name of an automounter's map, any
// other file system by itself.
std::string server_of(const Mount& mount, const std::string& directory) {
  if (mount.type.starts_with("nfs")) return "nfs " + mount.source.substr(0, mount.source.rfind(":/"));
  if (!mount.indirect) return mount.device;
  const std::string below = directory.substr(mount.target.size());
  return mount.device + below.substr(0, below.find('/', 1));
}

}  // namespace

bool waits_for_server(const std::string& type) {
  return type.starts_with("fuse") || std::find(types.begin(), types.end(), type) != types.end();
}

Servers Servers::of_node() {
  auto table = MountTable::read();
  return Servers(table ? std::move(*table) : MountTable());
}

Servers::Servers(MountTable table) : table_(std::move(table)) {
  for (const auto& mount : table_.mounts())
    if (waits_for_server(mount.type)) targets_.insert(mount.target);
}

// The mount on a server at exactly `target`, or null.
const Mount* Servers::served_at(std::string_view target) const {
  if (targets_.find(target) == targets_.end()) return nullptr;
  const Mount* mount = table_.at(target);
  return mount != nullptr && waits_for_server(mount->type) ? mount : nullptr;
}

std::string Servers::real_path(const std::string& path) const {
  const auto parts = split(path, '/');
  std::deque<std::string> rest(parts.begin(), parts.end());
  std::string done;
  for (int links = 0; !rest.empty();) {
    const std::string name = rest.front();
    rest.pop_front();
    if (name.empty() || name == ".") continue;
    if (name == "..") {
      done.resize(done.empty() ? 0 : done.rfind('/'));
      continue;
    }
    const std::string here = concat({done, "/", name});
    const bool served = served_at(here) != nullptr;
    const std::string text = served ? "" : read_link(AT_FDCWD, here);
    if (text.empty() || ++links > most_links) {
      done = here;
      if (!served) continue;
      for (const auto& other : rest)
        if (!other.empty()) done += "/" + other;
      return done;
    }
    if (text.starts_with('/')) done.clear();
    const auto more = split(text, '/');
    rest.insert(rest.begin(), more.begin(), more.end());
  }
  return done.empty() ? "/" : done;
}

// The file systems of servers on the way to a path, the outer first.
std::vector<const Mount*> Servers::on_the_way(const std::string& real) const {
  std::vector<const Mount*> found;
  for (std::size_t end = 0; end != std::string::npos;) {
    end = real.find('/', end + 1);
    if (const Mount* mount = served_at(std::string_view(real).substr(0, end))) found.push_back(mount);
  }
  return found;
}

bool Servers::serve(const std::string& path) const { return !on_the_way(real_path(path)).empty(); }

Questions Servers::questions(const std::string& path) const {
  Questions questions;
  const std::string real = real_path(path);
  const auto way = on_the_way(real);
  for (const Mount* mount : way) {
    const bool last = mount == way.back() && table_.holding(real) == mount;
    const std::string directory = last ? real : mount->target;
    // Other file systems may answer from a cache, or have several servers.
    questions.push_back({server_of(*mount, directory), directory, mount->type.starts_with("nfs")});
  }
  return questions;
}

void Servers::ask_all(const std::vector<std::string>& paths) const {
  std::vector<Questions> all;
  all.reserve(paths.size());
  for (const auto& path : paths) all.push_back(questions(path));
  ask_servers(std::move(all));
}

Status Servers::ask(const std::string& path) const {
  const auto all = questions(path);
  ask_servers({all});
  for (const auto& question : all)
    if (const auto why = silence_of(question.server))
      return Error{path + " " + why->what, why->remedy, why->code};
  return {};
}

Status Servers::ask_on_the_way(const std::string& path) const {
  const std::string real = real_path(path);
  const bool is_root = table_.at(real) != nullptr;
  return ask(is_root ? real.substr(0, std::max<std::size_t>(real.rfind('/'), 1)) : real);
}

}  // namespace chos
