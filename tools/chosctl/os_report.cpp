// SPDX-License-Identifier: BSD-3-Clause
#include "chosctl/os_report.h"

#include <algorithm>
#include <iostream>

#include "allowlist/allowlist.h"
#include "basic/exit_status.h"
#include "basic/json.h"
#include "basic/messages.h"
#include "basic/process_info.h"
#include "basic/table.h"
#include "basic/text.h"
#include "chosctl/console.h"
#include "chosctl/os_print.h"
#include "chosctl/os_progress.h"
#include "manage/catalog.h"

namespace chos::ctl {
namespace {

std::string count_text(const std::optional<std::size_t>& count) {
  return count ? std::to_string(*count) : "-";
}

std::string state_of(const OsInfo& info) {
  return describe_state(info.entry, info.state) + (info.tree_present || info.state.silent ? "" : ", no tree");
}

Json json_of(const OsInfo& info) {
  Json others = Json::array();
  for (const auto& other : info.others) others.push_back(as_json(other));
  return {{"name", info.entry.name},
          {"path", info.entry.path},
          {"default", info.is_default},
          {"state", state_of(info)},
          {"problem", info.state.problem.empty() ? Json(nullptr) : Json(info.state.problem)},
          {"closed", info.entry.closed},
          {"suid", info.entry.suid},
          {"groups", info.entry.group_names},
          {"persona", info.entry.linux32 ? Json("linux32") : Json(nullptr)},
          {"tree", info.tree},
          {"tree_present", info.tree_present},
          {"release", info.release},
          {"machine", info.machine},
          {"processes", info.processes ? Json(*info.processes) : Json(nullptr)},
          {"users", info.users ? Json(*info.users) : Json(nullptr)},
          {"published", info.record ? as_json(*info.record) : Json(nullptr)},
          {"others", others}};
}

void print_record(const TreeRecord& record) {
  std::cout << "source    " << printable(record.source, 200) << "\n";
  if (const auto words = options_text(record.options); !words.empty())
    std::cout << "made with " << printable(words, 400) << "\n";
  std::cout << "published " << escaped(record.created) << ", generation " << record.generation << ", "
            << kind_key(record.kind)
            << (record.origin.empty() ? "" : " (" + printable(record.origin, 200) + ")") << "\n"
            << "size      " << size_text(record.bytes) << " in " << record.entries << " entries\n"
            << "digest    " << escaped(record.digest) << "\n";
}

void print_files(const std::string& title, const FileList& list) {
  constexpr std::size_t most_printed = 50;
  if (list.empty()) return;
  std::cout << "\n" << title << ":\n";
  std::size_t printed = 0;
  for (const auto& file : list.files()) {
    if (printed++ == most_printed) break;
    std::cout << "  " << printable(file.path, 200) << " (" << printable(file.about, 200) << ")\n";
  }
  if (list.count() > most_printed)
    std::cout << "  and " << list.count() - most_printed << " more; see --json\n";
}

void print_show(const OsInfo& info, const Safety& safety) {
  std::cout << "name      " << info.entry.name << (info.is_default ? " (default)" : "") << "\n"
            << "release   " << (info.release.empty() ? "-" : printable(info.release, 80))
            << (info.machine.empty() ? "" : ", " + escaped(info.machine)) << "\n"
            << "state     " << state_of(info) << "\n"
            << (info.state.problem.empty() ? "" : "problem   " + printable(info.state.problem, 400) + "\n")
            << "tree      " << escaped(info.tree) << ", in the farm " << info.entry.path << "\n";
  if (info.record) print_record(*info.record);
  else std::cout << "source    made by hand, not by chosctl\n";
  for (const auto& other : info.others)
    std::cout << "also      generation " << other.generation << " of " << escaped(other.created) << " from "
              << printable(other.source, 80) << "\n";
  std::cout << "inside    " << count_text(info.processes) << " processes of " << count_text(info.users)
            << " users\n";
  print_files(info.entry.suid ? "These give rights, since the OS is marked suid"
                              : "These would give rights if the OS were marked suid",
              safety.privileged);
  print_files("These device nodes have no effect in the OS", safety.devices);
  print_files("Others than root can change these", safety.writable);
}

void print_differences(const std::string& name, const std::vector<std::string>& differences) {
  constexpr std::size_t most_printed = 50;
  std::cout << escaped(name) << ": "
            << (differences.empty() ? "as it was published"
                                    : std::to_string(differences.size()) +
                                          (differences.size() == 1 ? " difference" : " differences"))
            << "\n";
  for (std::size_t i = 0; i < std::min(differences.size(), most_printed); ++i)
    std::cout << "  " << escaped(differences[i]) << "\n";
  if (differences.size() > most_printed)
    std::cout << "  and " << differences.size() - most_printed << " more; see --json\n";
}

}  // namespace

int os_list(const Node& node, const Store& store, const OsOptions& options) {
  const auto all = list_oses(node, store);
  if (!all) return failed(all.error());
  if (options.json) {
    Json out = Json::array();
    for (const auto& info : *all) out.push_back(json_of(info));
    print_json(out);
    return 0;
  }
  Table table({"NAME", "RELEASE", "SIZE", "SOURCE", "DIGEST", "STATE", "USERS", "PROCESSES"});
  for (const auto& info : *all) {
    const auto& record = info.record;
    // 12 digits distinguish two trees; `show` prints all.
    const auto colon = record ? record->digest.find(':') : 0;
    table.add({info.entry.name + (info.is_default ? " (default)" : ""),
               info.release.empty() ? "-" : printable(info.release, 32),
               record ? size_text(record->bytes) : "-", record ? printable(record->source, 32) : "by hand",
               record ? record->digest.substr(colon + 1, 12) : "-", state_of(info), count_text(info.users),
               count_text(info.processes)});
  }
  if (table.empty()) std::cout << "there is no OS yet; see: chosctl os add --help\n";
  else std::cout << table.text();
  return 0;
}

int os_show(const Node& node, const Store& store, const OsOptions& options) {
  const auto info = show_os(node, store, options.name);
  if (!info) return failed(info.error());
  OsProgress progress;
  const auto safety = safety_of(*info, progress);
  progress.clear();
  // The rest is shown nevertheless.
  if (!safety) say.warning("its setuid programs are not known: " + safety.error().what);
  if (options.json) {
    Json json = json_of(*info);
    json.set("privileged", safety ? as_json(safety->privileged, "rights") : Json(nullptr));
    json.set("devices", safety ? as_json(safety->devices, "device") : Json(nullptr));
    json.set("writable", safety ? as_json(safety->writable, "by") : Json(nullptr));
    print_json(json);
    return 0;
  }
  print_show(*info, safety ? *safety : Safety());
  if (const auto inside = processes_inside(node, info->entry.name); !inside.table.empty())
    std::cout << "\n" << inside.table;
  return 0;
}

int os_verify(const Node& node, const Store& store, const OsOptions& options) {
  const auto all = list_oses(node, store);
  if (!all) return failed(all.error());
  std::vector<std::string> names = options.names;
  if (names.empty())
    for (const auto& info : *all)
      if (info.record) names.push_back(info.entry.name);
  OsProgress progress;
  Json out = Json::array();
  bool differs = false;
  for (const auto& name : names) {
    const auto info = show_os(node, store, name);
    if (!info) return failed(info.error());
    if (!info->record)
      return failed({in_quotes(name) + " was made by hand, so there is nothing to compare it with",
                     "to let chosctl record it: take its line out of " + node.allowlist_file +
                         " and run: chosctl os add " + name + " " + shell_quoted("dir:" + info->tree),
                     ENOENT});
    const auto differences = verify_os(store, *info->record, progress);
    progress.clear();
    if (!differences) return failed(differences.error());
    differs = differs || !differences->empty();
    out.push_back({{"name", name}, {"differences", *differences}});
    if (!options.json) print_differences(name, *differences);
  }
  if (options.json) print_json(out);
  return differs ? exit_failed : 0;
}

}  // namespace chos::ctl
