// SPDX-License-Identifier: BSD-3-Clause
#include "chosctl/pam.h"

#include <algorithm>
#include <iostream>
#include <optional>

#include "basic/exit_status.h"
#include "basic/json.h"
#include "basic/lock.h"
#include "basic/process_info.h"
#include "basic/table.h"
#include "basic/text.h"
#include "chosctl/console.h"

namespace chos::ctl {
namespace {

struct LockedFiles {
  UniqueFd lock;
  PamFiles files;
};

// Waits until no other chosctl changes the files, and opens them; prints what failed.
std::optional<LockedFiles> lock_files(const PamPaths& paths) {
  auto lock = take_lock(paths.lock, wait_for_lock());
  if (!lock) {
    say.error(lock.error());
    return std::nullopt;
  }
  auto files = PamFiles::open(paths);
  if (files) return LockedFiles{std::move(*lock), std::move(*files)};
  say.error(files.error());
  return std::nullopt;
}

void refuse(const PamPlan& plan) {
  for (const auto& [service, error] : plan.refusals) say.error(error);
  say.hint("nothing was changed");
}

// The plan was checked before, so a failure here is one of the disk, or another process interfered.
int carry_out(const PamFiles& files, const PamPlan& plan, bool keep_original, Console& console) {
  for (const auto& change : plan.changes) {
    std::string detail = change.what;
    if (change.changes) {
      if (keep_original) {
        const auto backup = files.back_up(change);
        if (!backup) {
          console.failed(change.service, backup.error());
          return exit_failed;
        }
        detail += "; the original is " + *backup;
      }
      if (auto status = files.replace(change); !status) {
        console.failed(change.service, status.error());
        return exit_failed;
      }
    }
    console.step(change.service, change.changes, detail);
    for (const auto& warning : change.warnings) console.warning(warning);
  }
  return 0;
}

const char* state_key(PamState::What what) {
  switch (what) {
    case PamState::What::enabled: return "enabled";
    case PamState::What::not_last: return "not last";
    case PamState::What::through: return "through";
    case PamState::What::not_enabled: return "not enabled";
    case PamState::What::not_understood: break;
  }
  return "not understood";
}

std::string state_text(const PamState& state) {
  switch (state.what) {
    case PamState::What::enabled: return state.by_hand ? "enabled, by hand" : "enabled";
    case PamState::What::not_last: return "enabled, NOT LAST";
    case PamState::What::through:
      return "enabled through `include " + state.through + "`" + (state.last ? "" : ", NOT LAST");
    default: return state_key(state.what);
  }
}

std::string joined_arguments(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : " ") + printable(word, 255);
  return out;
}

// The services that people log in by, and others whose files mention pam_chos.so.
std::vector<std::string> services_to_show(const PamFiles& files) {
  constexpr const char* known[] = {"sshd",      "su",   "su-l", "sudo",  "sudo-i",      "runuser",
                                   "runuser-l", "cron", "atd",  "login", "systemd-user"};
  std::vector<std::string> shown;
  for (const char* name : known) {
    const auto text = files.service(name);
    if (text || text.error().code != ENOENT) shown.emplace_back(name);
  }
  for (const auto& name : files.names()) {
    if (std::find(shown.begin(), shown.end(), name) != shown.end()) continue;
    const auto text = files.included(name);
    if (text && text->find(pam_module_name) != std::string::npos) shown.push_back(name);
  }
  return shown;
}

}  // namespace

int pam_enable(const Node& node, const Options& options, const PamPaths& paths) {
  const auto wanted = make_pam_rule_options(options.deny, options.pam_options);
  if (!wanted) {
    say.error(wanted.error());
    return exit_usage;
  }
  if (!is_root_in_base(node.kernel, options.command_line)) return exit_failed;
  const auto locked = lock_files(paths);
  if (!locked) return exit_failed;
  const PamFiles& files = locked->files;
  const auto plan = plan_pam_enable(options.services, *wanted, files.names(), files.source());
  if (!plan.refusals.empty()) {
    refuse(plan);
    return exit_failed;
  }
  Console console("pam enable");
  if (const int status = carry_out(files, plan, true, console); status != 0) return status;
  if (!files.module_found())
    console.warning(std::string(pam_module_name) +
                    " is in no directory of PAM's modules: until it "
                    "is installed, logins go on in the base OS");
  if (!console.changed()) std::cout << "nothing had to be changed\n";
  return 0;
}

int pam_disable(const Node& node, const Options& options, const PamPaths& paths) {
  if (!is_root_in_base(node.kernel, options.command_line)) return exit_failed;
  const auto locked = lock_files(paths);
  if (!locked) return exit_failed;
  const PamFiles& files = locked->files;
  const auto plan = plan_pam_disable(options.services, files.source());
  if (!plan.refusals.empty()) {
    refuse(plan);
    return exit_failed;
  }
  Console console("pam disable");
  if (const int status = carry_out(files, plan, false, console); status != 0) return status;
  if (!console.changed()) std::cout << "nothing had to be changed\n";
  return 0;
}

int pam_status(const Options& options, const PamPaths& paths) {
  const auto files = PamFiles::open(paths);
  if (!files) {
    say.error(files.error());
    return exit_failed;
  }
  std::vector<PamState> states;
  bool missing = false;
  for (const auto& service : options.services.empty() ? services_to_show(*files) : options.services) {
    if (const auto problem = pam_service_problem(service); !problem.empty()) {
      say.error(problem);
      return exit_usage;
    }
    states.push_back(pam_state(service, files->source()));
    missing = missing || states.back().what == PamState::What::not_understood;
  }
  if (options.json) {
    Json list = Json::array();
    for (const auto& state : states)
      list.push_back({{"service", state.service},
                      {"state", state_key(state.what)},
                      {"through", state.through.empty() ? Json(nullptr) : Json(state.through)},
                      {"last", state.present() ? Json(state.last) : Json(nullptr)},
                      {"by_hand", state.by_hand},
                      {"options", state.arguments},
                      {"problem", state.problem}});
    const Json all{{"module_found", files->module_found()}, {"services", list}};
    print_json(all);
  } else {
    Table table({"SERVICE", "STATE", "OPTIONS"});
    for (const auto& state : states)
      table.add({printable(state.service), state_text(state), joined_arguments(state.arguments)});
    if (!table.empty()) std::cout << table.text();
    for (const auto& state : states)
      if (!state.problem.empty())
        std::cout << "problem: " << state.service << ": " << escaped(state.problem) << "\n";
    if (!files->module_found()) std::cout << "problem: " << pam_module_name << " is not installed\n";
  }
  return missing && !options.services.empty() ? exit_failed : 0;
}

}  // namespace chos::ctl
