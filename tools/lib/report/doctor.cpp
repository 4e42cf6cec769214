// SPDX-License-Identifier: BSD-3-Clause
#include "report/doctor.h"

#include <chos/abi.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "allowlist/allowlist.h"
#include "allowlist/farm_names.h"
#include "allowlist/parse.h"
#include "basic/files.h"
#include "basic/text.h"
#include "config/config.h"
#include "farm/layout.h"
#include "farm/missing_trees.h"
#include "fileserver/servers.h"
#include "inspect/safety.h"
#include "inspect/tree.h"
#include "report/doctor_batch.h"
#include "store/store.h"
#include "tree/share.h"

namespace chos {
namespace {

using Level = Finding::Level;

// Whether users may search all directories above `path`.
bool open_to_users(std::string path) {
  for (;;) {
    const auto slash = path.rfind('/');
    if (slash == std::string::npos || slash == 0) return true;
    path.resize(slash);
    struct stat info {};
    if (::stat(path.c_str(), &info) == 0 && (info.st_mode & S_IXOTH) == 0) return false;
  }
}

// Returns the binds that the farm should have, without those whose servers do not answer.
std::vector<BindWish> examine_binds(const Node& node, const MountTable& table, Findings& out) {
  const Servers servers(table);
  auto binds = wanted_binds(node.config, wanted_layout(node.config, servers), servers);
  for (const auto& wish : binds.silent)
    out.push_back({Level::error, "farm",
                   wish.source + " of the base OS, which " + wish.target + " shows, does not answer",
                   "is its server up?"});
  for (const auto& action : plan_binds(table, binds.wishes))
    out.push_back({Level::error, "farm",
                   action.kind == BindAction::Kind::bind
                       ? "nothing is mounted on " + action.wish.target
                       : action.wish.target + " shows another directory than " + action.wish.source,
                   "run: chosctl reload"});
  return std::move(binds.wishes);
}

void examine_propagation(const MountTable& table, const std::vector<BindWish>& wishes, Findings& out) {
  for (const auto& private_mount : without_propagation(table, wishes))
    out.push_back({Level::warning, "propagation",
                   "the mount of " + private_mount +
                       " is private: what is mounted below it later "
                       "will not appear in the farm",
                   "mount --make-rshared / at boot, as systemd does, before chosctl up"});
  for (const auto& wish : wishes) {
    const Mount* base = table.holding(wish.source);
    const Mount* bound = table.at(wish.target);
    if (base != nullptr && base->shared && bound != nullptr && !bound->slave)
      out.push_back({Level::warning, "propagation",
                     wish.target + " is not a slave of " + wish.source +
                         ": what is mounted there later will not appear",
                     "chosctl down && chosctl up"});
  }
}

}  // namespace

void examine_module(const Node& node, Findings& out) {
  if (!node.module->loaded()) {
    out.push_back({Level::error, "module", "the kernel module chos is not loaded", "run: chosctl up"});
    return;
  }
  const auto version = node.kernel.version();
  if (!version) {
    out.push_back({Level::error, "module", version.error().what, "run: chosctl up"});
    return;
  }
  if (version->abi != CHOS_ABI_VERSION)
    out.push_back({Level::error, "module",
                   "it speaks protocol " + std::to_string(version->abi) + ", the tools speak " +
                       std::to_string(CHOS_ABI_VERSION),
                   "install the module and the tools of one version"});
  if (version->fork_tracking == "off")
    out.push_back({Level::warning, "fork tracking",
                   "it is off: children whose parents are gone lose their OS",
                   "load the module without track=0, on a kernel with tracepoints "
                   "(CONFIG_TRACEPOINTS)"});
  else if (version->fork_tracking != "on")
    out.push_back({Level::warning, "fork tracking",
                   "it was lost for lack of memory: children whose parents are gone may lose "
                   "their OS",
                   "reload the module when no process is in an OS: chosctl down && "
                   "chosctl up"});
  const std::string farm = node.module->farm();
  if (!farm.empty() && farm != node.config.farm)
    out.push_back({Level::error, "module",
                   "it was loaded with farm=" + farm + ", the configuration says " + node.config.farm,
                   "correct [farm] path, or: chosctl down && chosctl up"});
}

void examine_farm(const Node& node, Findings& out) {
  const auto table = MountTable::read();
  if (!table) {
    out.push_back({Level::error, "farm", table.error().what, ""});
    return;
  }
  const std::string& farm = node.config.farm;
  const Mount* mount = table->at(farm);
  if (mount == nullptr || mount->type != node.filesystem) {
    out.push_back({Level::error, "farm",
                   mount == nullptr
                       ? "nothing is mounted on " + farm
                       : "on " + farm + " a file system of type " + mount->type + " is mounted, not the farm",
                   "run: chosctl up"});
    return;
  }
  if (!mount->unbindable)
    out.push_back({Level::warning, "farm",
                   farm + " is not unbindable: a recursive bind of a directory above it copies the farm too",
                   "chosctl down && chosctl up"});
  const auto wishes = examine_binds(node, *table, out);
  examine_propagation(*table, wishes, out);
  const auto flags = plan_flags(
      *table, {{node.farm_path(farm_local), mount_nosuid, 0}, {node.farm_path(farm_trees), mount_nodev, 0}});
  for (const auto& action : flags)
    out.push_back(
        {Level::warning, "farm",
         action.target + " lacks " + flag_names(action.after & ~action.before) + " (was it mounted since?)",
         "run: chosctl reload"});
}

ParsedAllowlist examine_files(const Node& node, const ParsedConfig& config, Findings& out) {
  for (const auto& error : config.errors)
    out.push_back({Level::error, "configuration", error.text(), "see chos.conf(5)"});
  auto parsed = load_allowlist(node.allowlist_file, node.groups, node.trusted);
  for (const auto& error : parsed.errors)
    out.push_back(
        {Level::error, "allowlist", error.text(), parsed.missing ? no_allowlist_remedy : "see chos(5)"});
  for (const auto& note : parsed.notes) out.push_back({Level::info, "allowlist", note.text(), "see chos(5)"});
  // chos(1) reads both files as its user.
  for (const std::string& file : {node.allowlist_file, std::string(config_path)}) {
    struct stat info {};
    if (::stat(file.c_str(), &info) == 0 && (info.st_mode & S_IROTH) == 0)
      out.push_back({Level::error, file == node.allowlist_file ? "allowlist" : "configuration",
                     "users cannot read " + file + ", so chos(1) does not know what is in it",
                     "chmod a+r " + shell_quoted(file)});
  }
  if (!parsed.list) return parsed;
  // The paths that later parts look at.  Asking for them together costs one wait for all silent servers.
  auto paths = tree_paths(node.config, *parsed.list, Where::farm);
  paths.insert(paths.end(), node.config.share.begin(), node.config.share.end());
  const auto servers = Servers::of_node();
  servers.ask_all(paths);
  const auto valid = node.kernel.valid();
  if (!valid && valid.error().code == EACCES)
    out.push_back(
        {Level::info, "allowlist", "only root can compare it with the kernel's", "run this as root"});
  if (!valid) return parsed;
  const std::string in_force = valid->empty() ? "\n" : *valid;
  TreeStates trees;
  const auto table = MountTable::read();
  const bool up = table && table->at(node.config.farm) != nullptr;
  find_missing_trees(node.config, node.allowlist_file, *parsed.list, loaded_list(node),
                     up ? Where::farm : Where::base, servers, trees);
  for (const auto& [name, problem] : read_problems(node.problems)) {
    const OsEntry* entry = parsed.list->find_name(name);
    if (entry == nullptr) continue;
    trees.set_problem(*parsed.list, *entry, problem);
    out.push_back({Level::error, "tree " + name, "the OS is closed, its tree cannot be prepared: " + problem,
                   "mend the tree, then run: chosctl reload"});
  }
  if (in_force != render_for_kernel(trees.for_kernel(*parsed.list)))
    out.push_back({Level::error, "allowlist",
                   "the list in force in the kernel is not that of " + node.allowlist_file +
                       ", or a tree has come or gone since it was loaded",
                   "run: chosctl reload"});
  return parsed;
}

void examine_mounts_in_shares(const std::vector<std::string>& share, std::size_t oses, std::size_t most,
                              const MountTable& table, Findings& out) {
  const Servers servers(table);
  std::size_t all = 0, most_in_one = 0;
  std::string fullest;
  for (const auto& path : share) {
    const std::string real = servers.real_path(path);
    const auto& mounts = table.mounts();
    const auto count =
        static_cast<std::size_t>(std::count_if(mounts.begin(), mounts.end(), [&real](const Mount& mount) {
          return mount.target != real && is_below(mount.target, real);
        }));
    all += count;
    if (count <= most_in_one) continue;
    most_in_one = count;
    fullest = path;
  }
  if (all * oses <= most / 10) return;
  out.push_back({Level::warning, "share",
                 std::to_string(all) + " file systems are mounted in shared directories, " +
                     std::to_string(most_in_one) + " of them in " + fullest + ": for " +
                     std::to_string(oses) + " OSs that makes " + std::to_string(all * oses) + " mounts, of " +
                     std::to_string(most) +
                     " that the kernel allows (fs.mount-max); "
                     "at the limit the base cannot mount any more either",
                 "raise it: sysctl fs.mount-max=" + std::to_string(std::max(most, all * oses) * 10) +
                     ", and in /etc/sysctl.d; or name the directories in " + fullest +
                     " that OSs need in [share] instead of it"});
}

namespace {

// Examines the shares, and returns the configuration with only those that answer.
Config examine_shares(const Node& node, const Servers& servers, std::size_t oses, Findings& out) {
  Config config = node.config;
  const auto shares = ask_for_shares(config.share, servers);
  for (const auto& path : shares.silent)
    out.push_back({Level::error, "share", path + " of the base OS does not answer", "is its server up?"});
  const auto table = MountTable::read();
  const auto most = read_file("/proc/sys/fs/mount-max", 64);
  if (table && most)
    examine_mounts_in_shares(shares.there, oses, std::strtoul(most->c_str(), nullptr, 10), *table, out);
  config.share = shares.there;
  return config;
}

// In the base OS the trees can be reached without the farm's nosuid.
void examine_way_to_trees(const std::string& trees, Findings& out) {
  if (!open_to_users(trees)) return;
  const auto table = MountTable::read();
  const Mount* mount = table ? table->holding(trees) : nullptr;
  if (mount != nullptr && (mount->flags & mount_nosuid) != 0) return;
  out.push_back({Level::warning, "trees",
                 "users of the base OS can run setuid programs of the trees below " + trees,
                 "chmod 700 " + shell_quoted(trees.substr(0, trees.rfind('/'))) +
                     " (the farm still shows the trees, nosuid)"});
}

void examine_trees(const Node& node, const Allowlist& list, const Servers& servers,
                   const Examining& examining, Findings& out) {
  struct utsname system {};
  ::uname(&system);
  const auto trees = trees_of(list);
  const Config config = examine_shares(node, servers, trees.size(), out);
  const auto records = servers.ask(node.config.trees) ? Store(node.config.trees).records()
                                                      : Result<std::vector<TreeRecord>>(Error{});
  bool gives_rights = false;
  for (const OsEntry* entry : trees) {
    examining("tree " + entry->name);
    const auto path = base_path(node.config, entry->path);
    if (!path) {
      out.push_back({Level::error, "tree " + entry->name, path.error().what, path.error().remedy});
      continue;
    }
    if (!examine_tree(list, *entry, *path, config, system.release, servers, out)) continue;
    const TreeRecord* record = records ? find_record(*records, entry->path) : nullptr;
    const SafetyRules rules{.suid = entry->suid,
                            .allow_writable = record != nullptr && record->options.allow_writable,
                            .publishing = false};
    if (!examine_safety(*path, rules, "tree " + entry->name, out).privileged.empty()) gives_rights = true;
  }
  if (trees.empty() || !servers.ask(node.config.trees)) return;
  examine_trees_directory(node.config.trees, out);
  if (gives_rights) examine_way_to_trees(node.config.trees, out);
}

}  // namespace

Findings examine(const Node& node, const ParsedConfig& config, const Examining& examining) {
  Findings out;
  examining("module");
  examine_module(node, out);
  examining("farm");
  examine_farm(node, out);
  examining("allowlist");
  const auto parsed = examine_files(node, config, out);
  if (!parsed.list) return out;

  const auto servers = Servers::of_node();
  const auto states = find_silent_trees(node.config, *parsed.list, servers);
  examining("batch systems");
  constexpr int longest = 30;  // seconds: it asks daemons, and reads files that may lie on servers
  examine_batch_in_child(node, *parsed.list, states, longest, out);
  examine_trees(node, *parsed.list, servers, examining, out);
  return out;
}

}  // namespace chos
