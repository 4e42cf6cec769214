// SPDX-License-Identifier: BSD-3-Clause
// What an examination has found.
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

const char* level_key(Finding::Level level);

using Findings = std::vector<Finding>;

}  // namespace chos
