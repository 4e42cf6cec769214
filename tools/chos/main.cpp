// SPDX-License-Identifier: BSD-3-Clause
#include <exception>

#include "basic/exit_status.h"
#include "chos/context.h"
#include "chos/options.h"
#include "chos/report.h"
#include "chos/run.h"

namespace {

int act(const chos::tool::Options& options) {
  const chos::tool::Context context(options);
  context.report_files();
  switch (options.action) {
    case chos::tool::Action::list: return report_list(context);
    case chos::tool::Action::current: return report_current(context);
    case chos::tool::Action::why: return report_why(context);
    case chos::tool::Action::ps: return report_processes(context);
    case chos::tool::Action::set: return set_own(context);
    case chos::tool::Action::run: break;
  }
  return run(context);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const auto parsed = chos::tool::parse_options({argv + (argc > 0 ? 1 : 0), argv + argc});
    if (const int* status = std::get_if<int>(&parsed)) return *status;
    return act(std::get<chos::tool::Options>(parsed));
  } catch (const std::exception& error) {
    chos::Messages("chos").error(error.what());
    return chos::exit_cannot;
  }
}
