// SPDX-License-Identifier: BSD-3-Clause
#include "chosctl/metrics.h"

#include <cerrno>
#include <iostream>

#include "allowlist/allowlist.h"
#include "basic/exit_status.h"
#include "basic/messages.h"
#include "chosctl/console.h"
#include "report/metrics.h"

namespace chos::ctl {

int metrics(const Node& node) {
  const auto data = gather_metrics(node);
  std::cout << render_metrics(data) << std::flush;
  // The exit status tells a script not to rename an incomplete file into place.
  if (!std::cout) {
    say.error(system_error("cannot write the metrics", errno));
    return exit_failed;
  }
  for (const auto& gap : data.gaps) {
    say.warning("left out: " + gap.what);
    if (!gap.remedy.empty()) say.hint(gap.remedy);
  }
  return 0;
}

}  // namespace chos::ctl
