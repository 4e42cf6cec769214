// SPDX-License-Identifier: BSD-3-Clause
// What every action of chos looks at first: the caller, what was asked for, the configuration.
#pragma once

#include "basic/messages.h"
#include "chos/options.h"
#include "config/config.h"
#include "session/caller.h"

namespace chos::tool {

/// The system's files that chos uses.
struct ToolPaths : Paths {
  std::string config = config_path;
};

struct Context : Caller {
  Options options;
  Messages say{"chos"};
  Config config;

  Context(const Options& given, const ToolPaths& paths);

  /// Says on standard error what is wrong with /etc/chos or /etc/chos.conf, if anything.
  void report_files() const;

  Selection select() const { return Caller::select(options.os, order_of_chos()); }

 private:
  ParsedConfig parsed_config_;
};

}  // namespace chos::tool
