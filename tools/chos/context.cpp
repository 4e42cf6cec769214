// SPDX-License-Identifier: BSD-3-Clause
#include "chos/context.h"

namespace chos::tool {

Context::Context(const Options& given, const ToolPaths& paths)
    : Caller(paths), options(given), parsed_config_(load_config(base_root + paths.config)) {
  if (parsed_config_.ok()) config = parsed_config_.config;
}

void Context::report_files() const {
  if (!parsed.errors.empty()) {
    for (const auto& complaint : parsed.errors) say.warning(complaint.text());
    say.hint(allowlist_file + " cannot be used; an administrator sees why with: chosctl doctor");
  }
  if (!parsed_config_.ok()) {
    for (const auto& complaint : parsed_config_.errors) say.warning(complaint.text());
    say.hint("using the defaults");
  }
}

}  // namespace chos::tool
