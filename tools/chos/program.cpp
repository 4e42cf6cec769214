// SPDX-License-Identifier: BSD-3-Clause
#include "chos/program.h"

#include <exception>

#include "basic/exit_status.h"
#include "chos/options.h"
#include "chos/report.h"
#include "chos/run.h"

namespace chos::tool {
namespace {

int act(const Options& options, const ToolPaths& paths) {
  const Context context(options, paths);
  context.report_files();
  switch (options.action) {
    case Action::list: return report_list(context);
    case Action::current: return report_current(context);
    case Action::why: return report_why(context);
    case Action::ps: return report_processes(context);
    case Action::set: return set_own(context);
    case Action::run: break;
  }
  return run(context);
}

}  // namespace

int run_program(const std::vector<std::string>& arguments, const ToolPaths& paths) {
  try {
    const auto parsed = parse_options(arguments);
    if (const int* status = std::get_if<int>(&parsed)) return *status;
    return act(std::get<Options>(parsed), paths);
  } catch (const std::exception& error) {
    Messages("chos").error(error.what());
    return exit_cannot;
  }
}

}  // namespace chos::tool
