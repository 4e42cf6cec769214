// SPDX-License-Identifier: BSD-3-Clause
#include "chosctl/watch.h"

#include <sys/signalfd.h>

#include <cerrno>
#include <csignal>
#include <iostream>

#include "basic/exit_status.h"
#include "basic/files.h"
#include "basic/text.h"
#include "chosctl/console.h"
#include "config/config.h"
#include "farm/layout.h"
#include "lifecycle/watch.h"

namespace chos::ctl {
namespace {

// Output for a journal: one line for each event, without the steps of a reload.
class Log : public Console {
 public:
  Log() : Console("watch") {}
  void step(const std::string&, bool, const std::string& detail) override {
    std::cout << escaped(detail) << std::endl;
  }
};

}  // namespace

int watch(const Node& node, const Options& options) {
  if (!is_root_in_base(node.kernel, options.command_line)) return exit_failed;
  if (const auto there = node.kernel.present(); !there) {
    say.error(there.error().what);
    say.hint("run: chosctl up");
    return exit_failed;
  }
  // Signals are read from a descriptor, so that none interrupts a reload.
  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int one : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&signals, one);
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  const UniqueFd stop(::signalfd(-1, &signals, SFD_CLOEXEC));
  if (!stop) {
    say.error(system_error("cannot wait for signals", errno));
    return exit_failed;
  }
  Log log;
  const auto read_config = [&options]() -> std::optional<Config> {
    const auto parsed = load_config(options.config);
    if (!parsed.ok()) return std::nullopt;
    return with_real_paths(parsed.config);
  };
  return watch_trees(node, read_config, stop.get(), log) == WatchEnd::failed ? exit_failed : 0;
}

}  // namespace chos::ctl
