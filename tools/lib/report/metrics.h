// SPDX-License-Identifier: BSD-3-Clause
// chosctl metrics: the node in numbers, for a monitoring system.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "allowlist/allowlist.h"
#include "farm/node.h"

namespace chos {

struct MetricsData {
  bool up = false;  ///< the module's files answer and its farm is mounted
  std::string farm;
  std::optional<ModuleVersion> version;       ///< nothing: no module, or its files do not answer
  std::optional<std::vector<OsUsage>> usage;  ///< nothing: not known
  std::optional<Allowlist> list;              ///< in force; nothing: not known
  std::vector<Error> gaps;                    ///< why something of a loaded module is not known
};

/// Asks the kernel.  That there is no module is no gap but a value.
MetricsData gather_metrics(const Node& node);

/// The text of OpenMetrics 1.0, with "# EOF" at its end.  Its types are gauge and counter only, so
/// that readers of Prometheus's older text format, as node_exporter's, take it too.  A family
/// whose values are not known is left out.
std::string render_metrics(const MetricsData& data);

/// The value of a label between its quotes.  The text is UTF-8: a byte that is not part of it
/// becomes U+FFFD and its two hexadecimal digits.
std::string escape_label(std::string_view value);

}  // namespace chos
