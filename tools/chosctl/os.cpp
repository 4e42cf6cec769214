// SPDX-License-Identifier: BSD-3-Clause
#include "chosctl/os.h"

#include <algorithm>
#include <iostream>

#include "allowlist/allowlist.h"
#include "basic/exit_status.h"
#include "basic/json.h"
#include "basic/process_info.h"
#include "basic/table.h"
#include "basic/text.h"
#include "build/pack.h"
#include "chosctl/commands.h"
#include "chosctl/os_progress.h"
#include "farm/missing_trees.h"
#include "manage/catalog.h"
#include "manage/os_manager.h"

namespace chos::ctl {
namespace {

const Messages say("chosctl");

int failed(const Error& error) {
  say.error(error);
  return exit_failed;
}

Json as_json(const std::vector<PrivilegedFile>& files) {
  Json out = Json::array();
  for (const auto& file : files) out.push_back({{"path", file.path}, {"rights", file.rights}});
  return out;
}

std::string count_text(const std::optional<std::size_t>& count) {
  return count ? std::to_string(*count) : "-";
}

std::string state_of(const OsInfo& info) {
  return describe_state(info.entry) + (info.tree_present || info.entry.silent ? "" : ", no tree");
}

Json as_json(const TreeRecord& record) {
  return {{"generation", record.generation},
          {"path", record.path()},
          {"kind", kind_key(record.kind)},
          {"source", record.source},
          {"options", words_of(record.options)},
          {"digest", record.digest},
          {"bytes", record.bytes},
          {"entries", record.entries},
          {"created", record.created},
          {"privileged", as_json(record.privileged)}};
}

Json as_json(const OsInfo& info) {
  Json others = Json::array();
  for (const auto& other : info.others) others.push_back(as_json(other));
  return {{"name", info.entry.name},
          {"path", info.entry.path},
          {"default", info.is_default},
          {"state", state_of(info)},
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

int list(const Node& node, const Store& store, bool json) {
  const auto all = list_oses(node, store);
  if (!all) return failed(all.error());
  if (json) {
    Json out = Json::array();
    for (const auto& info : *all) out.push_back(as_json(info));
    print_json(out);
    return 0;
  }
  Table table({"NAME", "RELEASE", "SIZE", "SOURCE", "DIGEST", "STATE", "USERS", "PROCESSES"});
  for (const auto& info : *all) {
    const auto& record = info.record;
    // 12 digits tell two trees apart; `show` has all.
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

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

void print_record(const TreeRecord& record) {
  std::cout << "source    " << printable(record.source, 200) << "\n";
  if (const auto words = words_of(record.options); !words.empty())
    std::cout << "made with " << printable(joined(words), 400) << "\n";
  std::cout << "published " << record.created << ", generation " << record.generation << ", "
            << kind_key(record.kind)
            << (record.origin.empty() ? "" : " (" + printable(record.origin, 200) + ")") << "\n"
            << "size      " << size_text(record.bytes) << " in " << record.entries << " entries\n"
            << "digest    " << record.digest << "\n";
}

// A table, or with --json what is to be printed.
Json print_inside(const Node& node, const std::string& name, bool json) {
  Json out = Json::array();
  Table table({"PID", "UID", "COMMAND"});
  const auto processes = node.kernel.processes();
  for (const auto& process : processes ? *processes : std::vector<OsProcess>()) {
    if (process.name != name) continue;
    const auto about = describe_process(process.pid);
    out.push_back({{"pid", process.pid},
                   {"uid", about ? Json(about->uid) : Json(nullptr)},
                   {"command", about ? Json(about->command) : Json(nullptr)}});
    table.add({std::to_string(process.pid), about ? std::to_string(about->uid) : "?",
               about ? printable(about->command) : "?"});
  }
  if (!json && !table.empty()) std::cout << "\n" << table.text();
  return out;
}

int show(const Node& node, const Store& store, const OsOptions& options) {
  const auto info = show_os(node, store, options.name);
  if (!info) return failed(info.error());
  OsProgress progress;
  const auto privileged = privileged_of(*info, progress);
  progress.clear();
  // All else is known.
  if (!privileged) say.warning("its setuid programs are not known: " + privileged.error().what);
  if (options.json) {
    Json json = as_json(*info);
    json.set("privileged", privileged ? as_json(*privileged) : Json(nullptr));
    print_json(json);
    return 0;
  }
  std::cout << "name      " << info->entry.name << (info->is_default ? " (default)" : "") << "\n"
            << "release   " << (info->release.empty() ? "-" : printable(info->release, 80))
            << (info->machine.empty() ? "" : ", " + info->machine) << "\n"
            << "state     " << state_of(*info) << "\n"
            << "tree      " << info->tree << ", in the farm " << info->entry.path << "\n";
  if (info->record) print_record(*info->record);
  else std::cout << "source    made by hand, not by chosctl\n";
  for (const auto& other : info->others)
    std::cout << "also      generation " << other.generation << " of " << other.created << " from "
              << printable(other.source, 80) << "\n";
  std::cout << "inside    " << count_text(info->processes) << " processes of " << count_text(info->users)
            << " users\n";
  if (privileged && !privileged->empty()) {
    std::cout << "\n"
              << (info->entry.suid ? "These give rights, since the OS is marked suid:\n"
                                   : "These would give rights if the OS were marked suid:\n");
    for (const auto& file : *privileged)
      std::cout << "  " << printable(file.path, 200) << " (" << file.rights << ")\n";
  }
  print_inside(node, info->entry.name, false);
  return 0;
}

int verify(const Node& node, const Store& store, const OsOptions& options) {
  constexpr std::size_t most_printed = 50;
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
                     "to have it summed up: take its line out of " + node.allowlist_file +
                         " and run: chosctl os add " + name + " dir:" + info->tree,
                     ENOENT});
    const auto differences = verify_os(store, *info->record, progress);
    progress.clear();
    if (!differences) return failed(differences.error());
    differs = differs || !differences->empty();
    out.push_back({{"name", name}, {"differences", *differences}});
    if (options.json) continue;
    std::cout << name << ": "
              << (differences->empty() ? "as it was published"
                                       : std::to_string(differences->size()) +
                                             (differences->size() == 1 ? " difference" : " differences"))
              << "\n";
    for (std::size_t i = 0; i < std::min(differences->size(), most_printed); ++i)
      std::cout << "  " << escaped((*differences)[i]) << "\n";
    if (differences->size() > most_printed)
      std::cout << "  and " << differences->size() - most_printed << " more; see --json\n";
  }
  if (options.json) print_json(out);
  return differs ? exit_failed : 0;
}

int pack(const Node& node, const Store& store, const OsOptions& options) {
  const auto info = show_os(node, store, options.name);
  if (!info) return failed(info.error());
  if (const auto there = find_tree_at(info->entry, info->tree, Servers::of_node()); !there)
    return failed(there.error());
  OsProgress progress;
  const auto status = pack_tree(info->tree, options.file, options.erofs ? "erofs" : "squashfs", progress);
  progress.clear();
  if (!status) return failed(status.error());
  if (options.json) print_json({{"name", options.name}, {"file", options.file}});
  else std::cout << options.name << " is packed into " << options.file << "\n";
  return 0;
}

int done(const OsOptions& options, bool changed, const std::string& text) {
  if (options.json) print_json({{"name", options.name}, {"changed", changed}});
  else std::cout << text << (changed ? "" : " already; nothing was changed") << "\n";
  return 0;
}

int done(const OsOptions& options, const Result<TreeRecord>& record, const std::string& text) {
  if (!record) return failed(record.error());
  if (options.json) {
    Json json = as_json(*record);
    json.set("name", record->name);
    print_json(json);
  } else {
    std::cout << record->name << ": " << text << ", "
              << (record->release.empty() ? "an OS without os-release" : printable(record->release, 80))
              << ", " << size_text(record->bytes) << "\n";
  }
  return 0;
}

// Somebody who leaves out --include may not mean it.
void warn_of_other_options(const Recipe& before, const Source& from, const BuildOptions& build) {
  if (before.source.text != from.text || before.options == build) return;
  const auto words = joined(words_of(before.options));
  if (words.empty()) return;
  say.warning("its tree was made with " + printable(words, 200) +
              "; to have it so again leave the SOURCE out");
}

int change(const Node& node, const Store& store, const std::string& config, const OsOptions& options) {
  BuildOptions build = options.build;
  if (!options.max_size.empty()) {
    const auto size = parse_size(options.max_size);
    if (!size) return failed(size.error());
    build.max_size = *size;
  }
  OsProgress progress;
  QuietProgress quiet(progress);
  OsManager manager(node, store, progress, quiet);
  const auto source = [&] { return parse_source(options.source); };
  const auto toggled = [&](const std::string& option, bool on, const std::string& text) {
    const auto changed = manager.set_option(options.name, option, on);
    progress.clear();
    return changed ? done(options, *changed, text) : failed(changed.error());
  };
  switch (options.command) {
    case OsCommand::add: {
      const auto from = source();
      if (!from) return failed(from.error());
      std::string groups, entry_options;
      for (const auto& group : options.groups) groups += (groups.empty() ? "groups=" : "|") + group;
      for (const auto& one :
           {groups, std::string(options.closed ? "closed" : ""), std::string(options.suid ? "suid" : "")})
        if (!one.empty()) entry_options += (entry_options.empty() ? "" : ",") + one;
      const auto record = manager.add(options.name, *from, build, entry_options);
      progress.clear();
      const int status = done(options, record, "added");
      if (record && !node_is_up(node)) say.hint("nobody can enter an OS yet; run: chosctl up");
      return status;
    }
    case OsCommand::replace: {
      const auto before = manager.recipe(options.name);
      const bool again = options.source.empty();
      if (again && !before) return failed(before.error());
      const auto from = again ? Result<Source>(before->source) : source();
      if (!from) return failed(from.error());
      if (again) build = before->options;
      else if (before) warn_of_other_options(*before, *from, build);
      const auto record = manager.replace(options.name, *from, build);
      progress.clear();
      return done(options, record, "replaced");
    }
    case OsCommand::rollback: {
      const auto record = manager.rollback(options.name);
      progress.clear();
      return done(options, record, "back at generation " + std::to_string(record ? record->generation : 0));
    }
    case OsCommand::remove: {
      const auto status = manager.remove(options.name);
      progress.clear();
      if (status) {
        if (const auto forgot = forget_base_commands(node, config, options.name); !forgot)
          say.warning("[base.os] still has it: " + forgot.error().what);
        return done(options, true, options.name + " is removed");
      }
      failed(status.error());
      if (status.error().code != EBUSY) return exit_failed;
      const Json inside = print_inside(node, options.name, options.json);
      if (options.json) print_json({{"name", options.name}, {"changed", false}, {"processes", inside}});
      return exit_failed;
    }
    case OsCommand::close: return toggled("closed", true, options.name + " is closed");
    case OsCommand::open: return toggled("closed", false, options.name + " is open");
    default: break;
  }
  const auto changed = manager.set_default(options.name);
  progress.clear();
  return changed ? done(options, *changed, "the site's default is " + options.name) : failed(changed.error());
}

// What changes something, and what reads all of a tree, or a manifest.  `base` asks by itself, since it
// also prints.
bool is_roots(OsCommand command) {
  return command != OsCommand::list && command != OsCommand::show && command != OsCommand::base;
}

}  // namespace

int os(const Node& node, const Options& all) {
  const OsOptions& options = all.os;
  const Store store(node.config.trees);
  if (is_roots(options.command) && !is_root_in_base(node, all)) return exit_failed;
  switch (options.command) {
    case OsCommand::base: return os_base(node, all);
    case OsCommand::list: return list(node, store, options.json);
    case OsCommand::show: return show(node, store, options);
    case OsCommand::verify: return verify(node, store, options);
    case OsCommand::pack: return pack(node, store, options);
    default: return change(node, store, all.config, options);
  }
}

}  // namespace chos::ctl
