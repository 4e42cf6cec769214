// SPDX-License-Identifier: BSD-3-Clause
#include <sys/stat.h>

#include <exception>

#include "basic/child_process.h"
#include "basic/exit_status.h"
#include "basic/messages.h"
#include "chosctl/commands.h"
#include "chosctl/options.h"
#include "config/config.h"
#include "farm/layout.h"
#include "kernel/proc_chos.h"
#include "store/mounts.h"

namespace {

int act(const chos::ctl::Options& options) {
  using chos::ctl::Command;
  const chos::Messages say("chosctl");
  const auto config = chos::load_config(options.config);
  // Nothing of it concerns the others, and a mistake in it must not keep anybody from pam disable.
  const bool needs_config = options.command == Command::up || options.command == Command::down ||
                            options.command == Command::reload || options.command == Command::watch ||
                            options.command == Command::status || options.command == Command::os;
  if (!config.ok() && needs_config) {
    say.error(config.error_text());
    say.hint("nothing was changed; see chos.conf(5)");
    return chos::exit_failed;
  }
  if (config.missing && options.config != chos::config_path) {
    say.error("there is no file " + options.config);
    return chos::exit_failed;
  }
  chos::KernelModule module(options.module_file);
  chos::Node node;
  node.config = chos::with_real_paths(config.ok() ? config.config : chos::Config());
  node.allowlist_file = options.allowlist;
  node.module = &module;
  if (!options.proc.empty()) node.kernel = chos::ProcChos(options.proc);
  switch (options.command) {
    case Command::up: return chos::ctl::up(node, options);
    case Command::down: return chos::ctl::down(node, options);
    case Command::reload: return chos::ctl::reload(node, options);
    case Command::watch: return chos::ctl::watch(node, options);
    case Command::doctor: return chos::ctl::doctor(node, config, options.json);
    case Command::metrics: return chos::ctl::metrics(node);
    case Command::pam_enable: return chos::ctl::pam_enable(node, options);
    case Command::pam_disable: return chos::ctl::pam_disable(node, options);
    case Command::pam_status: return chos::ctl::pam_status(options);
    case Command::batch_enable: return chos::ctl::batch_enable(node, options);
    case Command::batch_disable: return chos::ctl::batch_disable(node, options);
    case Command::batch_status: return chos::ctl::batch_status(options);
    case Command::os: return chos::ctl::os(node, options);
    case Command::status: break;
  }
  return chos::ctl::status(node, options.json);
}

}  // namespace

int main(int argc, char** argv) {
  // Only root may write in the directories that chosctl makes, whatever the caller's umask, and the programs
  // that it runs get no descriptor of the caller's.
  ::umask(022);
  chos::close_at_exec(3);
  try {
    const auto parsed = chos::ctl::parse_options(argc, argv);
    if (const int* status = std::get_if<int>(&parsed)) return *status;
    return act(std::get<chos::ctl::Options>(parsed));
  } catch (const std::exception& error) {
    chos::Messages("chosctl").error(error.what());
    return chos::exit_failed;
  }
}
