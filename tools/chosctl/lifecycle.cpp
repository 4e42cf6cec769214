// SPDX-License-Identifier: BSD-3-Clause
#include "chosctl/lifecycle.h"

#include <pwd.h>
#include <unistd.h>

#include <iostream>
#include <map>

#include "basic/exit_status.h"
#include "basic/files.h"
#include "basic/process_info.h"
#include "basic/subprocess.h"
#include "basic/table.h"
#include "basic/text.h"
#include "chosctl/console.h"
#include "lifecycle/down.h"
#include "lifecycle/end_processes.h"
#include "lifecycle/up.h"
#include "session/nss.h"

namespace chos::ctl {
namespace {

// Mounts that are made outside the base OS's mount namespace would be seen there only.
bool may_change(const Node& node, const Options& options) {
  if (!is_root_in_base(node.kernel, options.command_line)) return false;
  if (!same_file("/proc/self/ns/mnt", "/proc/1/ns/mnt"))
    say.warning(
        "this is not the mount namespace of process 1: what is mounted here is seen here "
        "only");
  return true;
}

std::string user_of(uid_t uid) {
  static std::map<uid_t, std::string> names;
  auto [at, is_new] = names.emplace(uid, "");
  if (is_new) {
    const auto account = lookup_account(uid);
    at->second = account ? account->name : std::to_string(uid);
  }
  return at->second;
}

void list_processes(const std::vector<OsProcess>& processes) {
  Table table({"PID", "USER", "OS", "COMMAND"});
  for (const auto& process : processes) {
    const auto about = describe_process(process.pid);
    table.add({std::to_string(process.pid), about ? user_of(about->uid) : "?", process.name,
               about ? printable(about->command) : "?"});
  }
  std::cout << table.text() << std::flush;
}

void explain_force(const Node& node, const std::vector<OsProcess>& processes) {
  say.warning(std::to_string(processes.size()) + (processes.size() == 1 ? " process is" : " processes are") +
              " in an OS:");
  list_processes(processes);
  say.hint(
      "none of them is stopped. They keep the farm as their root, detached and as it is now: "
      "what the base mounts or unmounts later does not show there");
  say.hint("nobody else can enter; " + node.config.farm + " goes from everybody else's sight");
  say.hint("the module stays loaded until the last of them has ended; then run: chosctl down");
}

bool node_shuts_down() {
  const auto state = run_command({"systemctl", "is-system-running"}, 10);
  return state && state->out == "stopping";
}

// systemd ends processes that outlive all sessions and daemons only after it stopped the network, and
// until then they would keep the farm's network file systems in use.
void end_for_shutdown(const Node& node) {
  constexpr int patience = 10000;
  const auto outcome = end_processes(node.kernel, patience);
  if (outcome.ended > 0)
    std::cout << outcome.ended << (outcome.ended == 1 ? " process was" : " processes were")
              << " in an OS and had to end, as the node shuts down\n";
  if (outcome.remaining > 0)
    std::cout << outcome.remaining << (outcome.remaining == 1 ? " process is" : " processes are")
              << " in an OS and cannot be ended: left to the shutdown\n";
}

}  // namespace

int up(const Node& node, const Options& options) {
  if (!may_change(node, options)) return exit_failed;
  Console console("up");
  if (!bring_up(node, console)) return exit_failed;
  std::cout << (console.changed() ? "chos is up\n" : "chos was up already; nothing was changed\n");
  return 0;
}

int reload(const Node& node, const Options& options) {
  if (!may_change(node, options)) return exit_failed;
  Console console("reload");
  if (!chos::reload(node, console)) {
    say.hint("the kernel keeps the list it had");
    return exit_failed;
  }
  std::cout << (console.changed() ? "reloaded\n" : "nothing had to be changed\n");
  return 0;
}

int down(const Node& node, const Options& options) {
  if (!may_change(node, options)) return exit_failed;
  Console console("down");
  const DownOptions how{options.force, options.keep_module};
  const bool shutdown = options.at_shutdown && node_shuts_down();
  if (shutdown) end_for_shutdown(node);
  if (options.force) {
    const auto processes = node.kernel.processes();
    if (processes && !processes->empty()) explain_force(node, *processes);
  }
  const auto outcome = take_down(node, how, console);
  switch (outcome.what) {
    case DownOutcome::What::in_use:
      if (shutdown) return 0;
      say.error("processes are in an OS; nothing was changed");
      list_processes(outcome.processes);
      say.hint(
          "ask their users to end them; or go on without stopping them: chosctl down --force "
          "(chosctl(8) says what becomes of them)");
      return exit_failed;
    case DownOutcome::What::failed: return exit_failed;
    case DownOutcome::What::remaining:
      if (shutdown) return 0;
      say.hint("the farm is gone and nobody can enter, but the module remains, since it is in use");
      for (const pid_t pid : outcome.holders) {
        const auto about = describe_process(pid);
        say.hint("its file system is mounted in the mount namespace of PID " + std::to_string(pid) + " (" +
                 (about ? printable(about->command) : "?") + ")");
      }
      if (!outcome.processes.empty()) say.hint("run this again when the processes listed above have ended");
      return options.force && !outcome.processes.empty() ? 0 : exit_failed;
    case DownOutcome::What::down: break;
  }
  std::cout << (console.changed() ? "chos is down\n" : "chos was down already\n");
  return 0;
}

}  // namespace chos::ctl
