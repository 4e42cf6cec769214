// SPDX-License-Identifier: BSD-3-Clause
#include "chosctl/batch.h"

#include <algorithm>
#include <iostream>

#include "basic/exit_status.h"
#include "basic/json.h"
#include "basic/lock.h"
#include "basic/process_info.h"
#include "basic/table.h"
#include "basic/text.h"
#include "batch/registry.h"
#include "chosctl/console.h"

namespace chos::ctl {
namespace {

BatchOptions batch_options(const Options& options) {
  return {options.batch_directory, options.batch_queues, options.force};
}

std::unique_ptr<BatchSystem> named(const std::string& name, const BatchNode& node) {
  auto system = batch_system(name, node);
  if (system) return system;
  say.error("there is no batch system " + in_quotes(name));
  say.hint(name == "pbs" ? "there are two: openpbs and torque" : "there are: " + listed(batch_names()));
  return nullptr;
}

// The plan was checked before, so a failure here is one of the disk or a daemon, or another process
// interfered.
int carry_out(const BatchPlan& plan, Console& console) {
  for (const auto& step : plan.steps) {
    if (step.changes) {
      if (const auto status = step.act(); !status) {
        console.failed(step.name, status.error());
        return exit_failed;
      }
    }
    console.step(step.name, step.changes, step.what);
  }
  for (const auto& warning : plan.warnings) console.warning(warning);
  return 0;
}

int change(const Node& node, const Options& options, const BatchNode& batch_node, bool enable) {
  const std::string verb = enable ? "batch enable" : "batch disable";
  const auto system = named(options.batch_systems.front(), batch_node);
  if (!system) return exit_usage;
  if (!is_root_in_base(node.kernel, options.command_line)) return exit_failed;
  const auto lock = take_lock(batch_node.lock, wait_for_lock());
  if (!lock) {
    say.error(lock.error());
    return exit_failed;
  }
  const auto wanted = batch_options(options);
  const auto plan = enable ? system->enable(wanted) : system->disable(wanted);
  if (!plan) {
    say.error(plan.error());
    say.hint("nothing was changed");
    return exit_failed;
  }
  Console console(verb + " " + system->name());
  if (const int status = carry_out(*plan, console); status != 0) return status;
  if (!console.changed()) std::cout << "nothing had to be changed\n";
  else
    for (const auto& next : plan->next) std::cout << "next: " << escaped(next) << "\n";
  return 0;
}

std::string joined_places(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : ", ") + printable(word, 255);
  return out;
}

}  // namespace

int batch_enable(const Node& node, const Options& options, const BatchNode& batch_node) {
  return change(node, options, batch_node, true);
}

int batch_disable(const Node& node, const Options& options, const BatchNode& batch_node) {
  return change(node, options, batch_node, false);
}

int batch_status(const Options& options, const BatchNode& batch_node) {
  const auto names = options.batch_systems.empty() ? batch_names() : options.batch_systems;
  Table table({"SYSTEM", "STATE", "WHERE"});
  Json list = Json::array();
  std::vector<std::string> notes;
  bool unclear = false;
  for (const auto& name : names) {
    const auto system = named(name, batch_node);
    if (!system) return exit_usage;
    const auto state = system->state(batch_options(options));
    unclear = unclear || state.what == BatchState::What::unclear;
    const auto traps = state.what == BatchState::What::absent ? std::vector<std::string>() : system->traps();
    list.push_back({{"system", name},
                    {"state", state_key(state.what)},
                    {"by_hand", state.by_hand},
                    {"where", state.where},
                    {"problem", state.problem},
                    {"traps", traps}});
    // Systems that the node does not have are shown only if they are named.
    if (state.what == BatchState::What::absent && options.batch_systems.empty()) continue;
    table.add({name, std::string(state_key(state.what)) + (state.by_hand ? ", by hand" : ""),
               joined_places(state.where)});
    if (!state.problem.empty()) notes.push_back("problem: " + name + ": " + state.problem);
    for (const auto& trap : traps) notes.push_back("note: " + name + ": " + trap);
  }
  if (options.json) {
    print_json({{"systems", list}});
  } else if (table.empty()) {
    std::cout << "there is no batch system on this node\n";
  } else {
    std::cout << table.text();
    for (const auto& note : notes) std::cout << printable(note, 1000) << "\n";
  }
  return unclear && !options.batch_systems.empty() ? exit_failed : 0;
}

}  // namespace chos::ctl
