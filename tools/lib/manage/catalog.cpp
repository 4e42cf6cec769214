// SPDX-License-Identifier: BSD-3-Clause
#include "manage/catalog.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <map>
#include <set>

#include "allowlist/allowlist.h"
#include "allowlist/parse.h"
#include "basic/files.h"
#include "basic/process_info.h"
#include "basic/text.h"
#include "build/archive.h"
#include "build/build.h"
#include "farm/layout.h"
#include "farm/missing_trees.h"
#include "fileserver/servers.h"
#include "store/manifest.h"
#include "store/os_release.h"

namespace chos {
namespace {

struct Inside {
  std::size_t processes = 0;
  std::set<uid_t> users;
};

// Processes by OS; nothing if the kernel does not report them.
std::optional<std::map<std::string, Inside>> count_inside(const Node& node) {
  const auto processes = node.kernel.processes();
  if (!processes) return {};
  std::map<std::string, Inside> out;
  for (const auto& process : *processes) {
    auto& inside = out[process.name];
    ++inside.processes;
    if (const auto about = describe_process(process.pid)) inside.users.insert(about->uid);
  }
  return out;
}

}  // namespace

Result<std::vector<OsInfo>> list_oses(const Node& node, const Store& store) {
  const auto parsed = load_allowlist(node.allowlist_file, node.groups, node.trusted);
  if (!parsed.list && parsed.missing) return std::vector<OsInfo>();
  if (!parsed.list) return error_of(parsed.errors, "mend it; see chos(5)", EINVAL);
  const auto servers = Servers::of_node();
  servers.ask_all(tree_paths(node.config, *parsed.list, Where::base));
  const auto records = store.records();
  if (!records) return records.error();
  const auto inside = count_inside(node);
  const OsEntry* site_default = parsed.list->site_default();
  const auto problems = read_problems(node.problems);
  std::vector<OsInfo> out;
  for (const auto& entry : parsed.list->entries()) {
    if (entry.is_base() || !parsed.list->stands_alone(entry)) continue;
    OsInfo info;
    info.entry = entry;
    info.is_default = site_default != nullptr && site_default->path == entry.path;
    const auto tree = base_path(node.config, entry.path);
    info.tree = tree ? *tree : node.config.farm + entry.path;
    struct stat about {};
    if (const auto at = problems.find(entry.name); at != problems.end()) info.state.problem = at->second;
    info.state.silent = !servers.ask(info.tree);
    info.tree_present =
        !info.state.silent && ::stat(info.tree.c_str(), &about) == 0 && S_ISDIR(about.st_mode);
    if (const auto* record = find_record(*records, entry.path)) {
      info.record = *record;
      info.release = record->release;
      info.machine = record->machine;
      for (const auto& other : *records)
        if (other.name == record->name && other.generation != record->generation)
          info.others.push_back(other);
    } else if (info.tree_present) {
      info.release = release_of(info.tree);
      info.machine = machine_of(info.tree);
    }
    if (inside) {
      const auto found = inside->find(entry.name);
      info.processes = found == inside->end() ? 0 : found->second.processes;
      info.users = found == inside->end() ? 0 : found->second.users.size();
    }
    out.push_back(std::move(info));
  }
  return out;
}

Result<OsInfo> show_os(const Node& node, const Store& store, const std::string& name) {
  auto all = list_oses(node, store);
  if (!all) return all.error();
  std::vector<std::string> names;
  for (auto& info : *all) {
    if (info.entry.name == name) return std::move(info);
    names.push_back(info.entry.name);
  }
  return Error{node.allowlist_file + " has no OS " + in_quotes(name),
               names.empty() ? "it has none yet; see: chosctl os add --help" : "it has " + listed(names),
               ENOENT};
}

Result<Safety> survey_all(int tree, const std::string& name, WorkProgress& progress) {
  return survey(tree, Extent::whole, [&](std::uint64_t entries) -> Status {
    if (entries > ArchiveLimits().entries)
      return Error{name + " has more than " + std::to_string(ArchiveLimits().entries) + " entries", "",
                   EFBIG};
    constexpr std::uint64_t step = 100;
    if (entries % step == 0 && !progress.tick(std::to_string(entries) + " entries"))
      return Error{"interrupted", "", EINTR};
    return {};
  });
}

Result<Safety> safety_of(const OsInfo& info, WorkProgress& progress) {
  Safety safety;
  if (info.record) {
    safety.privileged = info.record->privileged;
    safety.devices = info.record->devices;
    safety.writable = info.record->writable;
    return safety;
  }
  if (!info.tree_present) return safety;
  const UniqueFd tree(::open(info.tree.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!tree) return system_error("cannot open " + info.tree, errno);
  progress.stage("examining " + info.tree);
  return survey_all(tree.get(), "the tree " + info.tree, progress);
}

Result<std::vector<std::string>> verify_os(const Store& store, const TreeRecord& record,
                                           WorkProgress& progress) {
  progress.stage("verifying " + record.name);
  if (record.kind == TreeRecord::Kind::image) {
    const auto digest = file_digest(store.image(record));
    if (!digest) return digest.error();
    if (*digest == record.digest) return std::vector<std::string>();
    return std::vector<std::string>{store.image(record) + ": content " + *digest + ", was " + record.digest};
  }
  const auto before = store.manifest(record);
  if (!before) return before.error();
  // The origin is read, so the bind mount need not be there.
  const bool external = record.kind == TreeRecord::Kind::external;
  const std::string root = external ? record.origin : store.tree(record);
  const auto now = read_manifest(
      root,
      [&](std::uint64_t entries, std::uint64_t bytes) {
        return progress.tick(std::to_string(entries) + " entries, " + size_text(bytes));
      },
      Unreadable::list);
  if (!now) return now.error();
  return manifest_differences(*before, now->text);
}

}  // namespace chos
