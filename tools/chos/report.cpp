// SPDX-License-Identifier: BSD-3-Clause
#include "chos/report.h"

#include <chos/abi.h>
#include <unistd.h>

#include <iostream>

#include "allowlist/allowlist.h"
#include "basic/exit_status.h"
#include "basic/json.h"
#include "basic/process_info.h"
#include "basic/table.h"
#include "basic/text.h"

namespace chos::tool {
namespace {

const char* access_word(Access access) {
  switch (access) {
    case Access::allowed: return "yes";
    case Access::closed: return "no: closed";
    case Access::not_in_group: break;
  }
  return "no: other groups";
}

// Neither names nor paths hold a tab.
void print_plain(const OsEntry& entry, Access access) {
  std::cout << entry.name << "\t" << entry.path << "\t" << describe_state(entry) << "\t"
            << (access == Access::allowed ? "yes" : "no") << "\n";
}

bool is_current(const Context& context, const OsEntry& entry) {
  return entry.is_base() ? context.current == "/" : entry.name == context.current;
}

std::string current_name(const Context& context) {
  if (context.current != "/") return context.current;
  const auto* list = context.list();
  const OsEntry* entry = list == nullptr ? nullptr : list->find_path(CHOS_BASE_PATH);
  return entry == nullptr || entry->name == CHOS_DEFAULT_NAME ? "base" : entry->name;
}

// One line of --list.
struct Row {
  const OsEntry& entry;
  Access access;
  bool is_current, is_default;
};

std::vector<Row> rows_of(const Context& context, const Allowlist& list) {
  std::vector<Row> rows;
  for (const auto& entry : list.entries())
    if (list.stands_alone(entry))
      rows.push_back(
          {entry, access_of(entry, context.gids), is_current(context, entry), &entry == list.site_default()});
  return rows;
}

void print_json_list(const Context& context, const std::vector<Row>& rows) {
  Json oses = Json::array();
  for (const auto& [entry, access, is_current, is_default] : rows)
    oses.push_back({{"name", entry.name},
                    {"path", entry.path},
                    {"closed", entry.closed},
                    {"suid", entry.suid},
                    {"groups", entry.group_names},
                    {"persona", entry.linux32 ? Json("linux32") : Json(nullptr)},
                    {"default", is_default},
                    {"current", is_current},
                    {"may_enter", access == Access::allowed}});
  print_json({{"current", current_name(context)}, {"oses", oses}});
}

void print_plain_list(const Allowlist& list, const std::vector<Row>& rows) {
  for (const auto& row : rows) print_plain(row.entry, row.access);
  if (list.find_path(CHOS_BASE_PATH) != nullptr) return;
  OsEntry base;
  base.name = "base";
  base.path = CHOS_BASE_PATH;
  print_plain(base, Access::allowed);
}

void print_table(const Context& context, const std::vector<Row>& rows) {
  Table table({"", "NAME", "PATH", "STATE", "MAY ENTER"});
  for (const auto& [entry, access, is_current, is_default] : rows)
    table.add({is_current ? "*" : "", entry.name + (is_default ? " (default)" : ""), entry.path,
               describe_state(entry), access_word(access)});
  if (table.empty())
    context.say.hint("there is no OS but the base OS" +
                     std::string(context.parsed.missing ? ": no " + context.allowlist_file : ""));
  else std::cout << table.text();
  if (const auto there = context.kernel.present(); !there) {
    context.say.warning("none can be entered now: " + there.error().what);
    context.say.hint(there.error().remedy);
  }
}

}  // namespace

int report_list(const Context& context) {
  const auto* list = context.list();
  if (list == nullptr) {
    context.say.error(context.allowlist_file + " cannot be used, so the OSs are not known");
    return exit_cannot;
  }
  const auto rows = rows_of(context, *list);
  if (context.options.json) print_json_list(context, rows);
  else if (context.options.plain) print_plain_list(*list, rows);
  else print_table(context, rows);
  return 0;
}

int report_current(const Context& context) {
  if (const auto there = context.kernel.present(); !there) {
    context.say.error(there.error());
    return exit_cannot;
  }
  const std::string name = current_name(context);
  if (context.options.json) {
    const auto* list = context.list();
    const OsEntry* entry = list == nullptr ? nullptr : list->find(context.current);
    print_json({{"name", name},
                {"base", context.current == "/"},
                {"path", entry == nullptr ? Json(nullptr) : Json(entry->path)}});
  } else {
    std::cout << name << "\n";
  }
  return 0;
}

int report_why(const Context& context) {
  Selection chosen = context.select();
  // Refuses as chos itself would.
  if (const auto there = context.kernel.present(); chosen.ok() && !there) chosen.refusal = there.error();
  if (context.options.json) {
    Json steps = Json::array();
    for (const auto& step : chosen.trail)
      steps.push_back(
          {{"rule", source_key(step.source)}, {"verdict", verdict_key(step.verdict)}, {"text", step.text}});
    print_json({{"name", chosen.ok() ? Json(chosen.name()) : Json(nullptr)},
                {"source", source_key(chosen.source)},
                {"base", chosen.base},
                {"error", chosen.ok() ? Json(nullptr) : Json(chosen.refusal->what)},
                {"steps", steps}});
    return chosen.ok() ? 0 : exit_cannot;
  }
  Table table({"", "RULE", "WHAT IT SAYS"});
  for (const auto& step : chosen.trail) {
    const bool decides = step.verdict == Step::Verdict::chosen || step.verdict == Step::Verdict::refused;
    table.add({decides ? ">" : "", source_label(step.source), step.text});
  }
  std::cout << table.text();
  if (!chosen.ok()) {
    std::cout << "chos would refuse: " << escaped(chosen.refusal->what) << "\n";
    if (!chosen.refusal->remedy.empty()) std::cout << escaped(chosen.refusal->remedy) << "\n";
    return exit_cannot;
  }
  std::cout << "chos would enter: " << chosen.name() << "\n";
  if (context.current != "/" || !chosen.base) std::cout << "now in: " << current_name(context) << "\n";
  return 0;
}

int report_processes(const Context& context) {
  const auto processes = context.kernel.processes();
  if (!processes) {
    context.say.error(processes.error());
    return exit_cannot;
  }
  std::map<std::string, std::vector<OsProcess>> by_os;
  for (const auto& process : *processes) by_os[process.name].push_back(process);
  Json json = Json::array();
  Table table({"OS", "PID", "USER", "COMMAND"});
  for (const auto& [os, members] : by_os) {
    for (const auto& process : members) {
      const auto about = describe_process(process.pid);
      if (!about) continue;  // it has ended since
      const std::string user = context.accounts.user_name(about->uid);
      json.push_back({{"os", os}, {"pid", process.pid}, {"user", user}, {"command", about->command}});
      table.add({os, std::to_string(process.pid), user, printable(about->command)});
    }
  }
  if (context.options.json) print_json(json);
  else if (table.empty())
    context.say.hint(::geteuid() == 0 ? "no process is in an OS" : "none of your processes is in an OS");
  else std::cout << table.text();
  return 0;
}

int set_own(const Context& context) {
  const std::string& name = context.options.set_name;
  const auto* list = context.list();
  if (list == nullptr) {
    context.say.error(context.allowlist_file + " cannot be used, so " + in_quotes(name) +
                      " cannot be checked; nothing was written");
    return exit_cannot;
  }
  if (context.home.empty()) {
    context.say.error("no home directory is known; nothing was written");
    return exit_cannot;
  }
  const OsEntry* entry = means_base(name) ? nullptr : list->find(name);
  if (entry == nullptr && !means_base(name)) {
    context.say.error(in_quotes(name) + " is not in " + context.allowlist_file + "; nothing was written");
    context.say.hint(enterable_text(list, context.gids));
    return exit_cannot;
  }
  const std::string line = entry == nullptr ? "base" : name;
  const std::string path = user_file_path(context.home);
  if (const auto written = write_user_file(path, line); !written) {
    context.say.error(written.error());
    return exit_cannot;
  }
  const Access access = entry == nullptr ? Access::allowed : access_of(*entry, context.gids);
  if (access == Access::closed)
    context.say.warning(in_quotes(line) + " is closed now: logins stay in the base OS until it opens");
  if (access == Access::not_in_group)
    context.say.warning(in_quotes(line) + " is for the members of " + listed(entry->group_names) +
                        ": logins stay in the base OS until you are a member");
  if (const auto there = context.kernel.present(); !there)
    context.say.warning("it cannot be entered now: " + there.error().what);
  if (context.options.json)
    print_json({{"file", path}, {"name", line}, {"may_enter", access == Access::allowed}});
  else std::cout << escaped(path) << ": " << line << "\n";
  return 0;
}

}  // namespace chos::tool
