// SPDX-License-Identifier: BSD-3-Clause
#include "chosctl/report.h"

#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "allowlist/allowlist.h"
#include "basic/exit_status.h"
#include "basic/json.h"
#include "basic/messages.h"
#include "basic/table.h"
#include "basic/text.h"
#include "config/config.h"
#include "inspect/finding.h"
#include "report/doctor.h"
#include "report/status.h"

namespace chos::ctl {
namespace {

const char* state_of(const NodeStatus& status) {
  if (status.up()) return "up";
  return status.module_loaded || status.farm_mounted ? "partly up" : "down";
}

std::string os_state(const OsStatus& os) {
  std::string state = describe_state(os.entry, os.tree);
  if (!os.tree_present && os.entry.closed) state += ", tree missing";
  if (!os.in_kernel) state += ", not as in the kernel (reload)";
  return state;
}

Json as_json(const NodeStatus& status) {
  Json module{{"loaded", status.module_loaded}};
  if (status.version) {
    module.set("version", status.version->version);
    module.set("abi", status.version->abi);
    module.set("fork_tracking", status.version->fork_tracking);
    module.set("counters", status.version->counters);
  }
  Json oses = Json::array();
  for (const auto& os : status.oses)
    oses.push_back({{"name", os.entry.name},
                    {"path", os.entry.path},
                    {"closed", os.entry.closed},
                    {"suid", os.entry.suid},
                    {"groups", os.entry.group_names},
                    {"persona", os.entry.linux32 ? Json("linux32") : Json(nullptr)},
                    {"default", os.is_default},
                    {"tree_present", os.tree_present},
                    {"problem", os.tree.problem.empty() ? Json(nullptr) : Json(os.tree.problem)},
                    {"in_kernel", os.in_kernel},
                    {"processes", os.processes ? Json(*os.processes) : Json(nullptr)}});
  return Json{{"state", state_of(status)},
              {"module", module},
              {"farm",
               {{"path", status.farm},
                {"mounted", status.farm_mounted},
                {"dirs", status.farm_dirs},
                {"links", status.farm_links}}},
              {"all_processes", status.all_processes},
              {"oses", oses},
              {"problems", status.problems}};
}

void print_text(const NodeStatus& status) {
  std::cout << "chos     " << state_of(status) << "\n";
  if (status.version)
    std::cout << "module   loaded, version " << escaped(status.version->version) << ", fork tracking "
              << status.version->fork_tracking << "\n";
  else
    std::cout << "module   "
              << (status.module_loaded ? "loaded, but its files are not mounted" : "not loaded") << "\n";
  std::cout << "farm     " << escaped(status.farm) << (status.farm_mounted ? ", mounted" : ", not mounted");
  if (status.farm_dirs > 0)
    std::cout << ", " << status.farm_dirs << " directories, " << status.farm_links << " links";
  std::cout << "\n";
  Table table({"OS", "PATH", "STATE", status.all_processes ? "PROCESSES" : "YOUR PROCESSES"});
  for (const auto& os : status.oses)
    table.add({os.entry.name + (os.is_default ? " (default)" : ""), os.entry.path, os_state(os),
               os.processes ? std::to_string(*os.processes) : "-"});
  if (!table.empty()) std::cout << "\n" << table.text();
  for (const auto& problem : status.problems) std::cout << "problem: " << escaped(problem) << "\n";
  if (!status.problems.empty()) std::cout << "see: chosctl doctor\n";
}

}  // namespace

int status(const Node& node, bool json) {
  const auto found = examine_node(node);
  if (json) print_json(as_json(found));
  else print_text(found);
  return found.up() ? 0 : exit_down;
}

int doctor(const Node& node, const ParsedConfig& config, bool json) {
  const bool show = !json && ::isatty(2) != 0;
  const auto findings = examine(node, config, [show](const std::string& part) {
    if (show) std::cerr << "\r\033[Kexamining " << escaped(part) << " ..." << std::flush;
  });
  if (show) std::cerr << "\r\033[K" << std::flush;
  const auto errors = std::count_if(findings.begin(), findings.end(),
                                    [](const Finding& f) { return f.level == Finding::Level::error; });
  if (json) {
    Json list = Json::array();
    for (const auto& finding : findings)
      list.push_back({{"level", level_key(finding.level)},
                      {"subject", finding.subject},
                      {"what", finding.what},
                      {"remedy", finding.remedy}});
    print_json({{"errors", errors}, {"findings", list}});
    return errors > 0 ? exit_failed : 0;
  }
  const bool colour = wants_colour(1);
  for (const auto& finding : findings) {
    const char* start = !colour                                    ? ""
                        : finding.level == Finding::Level::error   ? "\033[1;31m"
                        : finding.level == Finding::Level::warning ? "\033[1;33m"
                                                                   : "\033[2m";
    std::cout << start << level_key(finding.level) << (colour ? "\033[0m" : "") << ": "
              << escaped(finding.subject) << ": " << escaped(finding.what) << "\n";
    if (!finding.remedy.empty()) std::cout << "    do: " << escaped(finding.remedy) << "\n";
  }
  if (findings.empty()) std::cout << "nothing is wrong\n";
  else
    std::cout << findings.size() << (findings.size() == 1 ? " finding, " : " findings, ") << errors
              << (errors == 1 ? " error\n" : " errors\n");
  return errors > 0 ? exit_failed : 0;
}

}  // namespace chos::ctl
