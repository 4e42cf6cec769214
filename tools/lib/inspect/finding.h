// SPDX-License-Identifier: BSD-3-Clause
// Findings of an examination: of a node, a tree, a batch system.
#pragma once

#include <string>
#include <vector>

namespace chos {

struct Finding {
  enum class Level { info, warning, error };
  Level level = Level::info;
  std::string subject;  ///< "module", "farm", "tree trixie" ...
  std::string what;
  std::string remedy;
};

/// "error", "warning" or "info".
const char* level_key(Finding::Level level);

using Findings = std::vector<Finding>;

}  // namespace chos
