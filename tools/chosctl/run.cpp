// SPDX-License-Identifier: BSD-3-Clause
#include "chosctl/run.h"

#include <sys/stat.h>

#include <cerrno>
#include <exception>
#include <iostream>

#include "basic/child_process.h"
#include "basic/exit_status.h"
#include "basic/messages.h"
#include "chosctl/batch.h"
#include "chosctl/console.h"
#include "chosctl/lifecycle.h"
#include "chosctl/metrics.h"
#include "chosctl/options.h"
#include "chosctl/os.h"
#include "chosctl/pam.h"
#include "chosctl/report.h"
#include "chosctl/watch.h"
#include "config/config.h"
#include "farm/layout.h"
#include "kernel/module.h"

namespace chos::ctl {
namespace {

// The other commands do not use the configuration.  A mistake in it must not keep an administrator from
// `pam disable`, and doctor reports it itself.
bool needs_config(Command command) {
  switch (command) {
    case Command::up:
    case Command::down:
    case Command::reload:
    case Command::watch:
    case Command::status:
    case Command::os: return true;
    default: return false;
  }
}

int act(const Options& options, const System& system) {
  const auto config = load_config(options.config);
  if (!config.ok() && needs_config(options.command)) {
    say.error(error_of(config.errors, "nothing was changed; see chos.conf(5)", EINVAL));
    return exit_failed;
  }
  if (config.missing && options.config != config_path) {
    say.error("there is no file " + options.config);
    return exit_failed;
  }
  KernelModule module(options.module_file);
  Node node;
  node.config = with_real_paths(config.ok() ? config.config : Config());
  node.allowlist_file = options.allowlist;
  node.module = &module;
  node.kernel = system.kernel;
  switch (options.command) {
    case Command::up: return up(node, options);
    case Command::down: return down(node, options);
    case Command::reload: return reload(node, options);
    case Command::watch: return watch(node, options);
    case Command::doctor: return doctor(node, config, options.json);
    case Command::metrics: return metrics(node);
    case Command::pam_enable: return pam_enable(node, options, system.pam);
    case Command::pam_disable: return pam_disable(node, options, system.pam);
    case Command::pam_status: return pam_status(options, system.pam);
    case Command::batch_enable: return batch_enable(node, options, system.batch);
    case Command::batch_disable: return batch_disable(node, options, system.batch);
    case Command::batch_status: return batch_status(options, system.batch);
    case Command::os: return os(node, options);
    case Command::status: break;
  }
  return status(node, options.json);
}

}  // namespace

int run(int argc, const char* const* argv, const System& system) {
  // Directories that chosctl makes are writable by root only, whatever the caller's umask is, and the
  // programs that it runs get no descriptor of the caller's.
  ::umask(022);
  close_at_exec(3);
  try {
    const auto parsed = parse_options(argc, argv);
    if (const int* status = std::get_if<int>(&parsed)) return *status;
    const int status = act(std::get<Options>(parsed), system);
    if (std::cout.flush()) return status;
    say.error(system_error("cannot write to standard output", errno));
    return exit_failed;
  } catch (const std::exception& error) {
    say.error(error.what());
    return exit_failed;
  }
}

}  // namespace chos::ctl
