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
  std::optional<ModuleVersion> version;       ///< nothing: no module, or its files cannot be read
  std::optional<std::vector<OsUsage>> usage;  ///< nothing: not known
  std::optional<Allowlist> list;              ///< in force; nothing: not known
  std::vector<Error> gaps;                    ///< why a value of a loaded module is not known
};

/// Reads the values from the kernel.  A missing module is a value, not a gap.
MetricsData gather_metrics(const Node& node);

/// Renders the text format of OpenMetrics 1.0, ending in "# EOF".  Uses gauges and counters only, so that
/// parsers of Prometheus's older text format, such as node_exporter's, accept it too.  A family whose values
/// are not known is left out.
std::string render_metrics(const MetricsData& data);

/// Escapes the value of a label, for between its quotes.  A byte that is not valid UTF-8 becomes U+FFFD and
/// its two hexadecimal digits.
std::string escape_label(std::string_view value);

}  // namespace chos
