// SPDX-License-Identifier: BSD-3-Clause
// The input of every action of chos: the caller, the options and the configuration.
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

  /// Reports errors in /etc/chos and /etc/chos.conf on standard error.
  void report_files() const;

  Selection select() const { return Caller::select(options.os, order_of_chos()); }

 private:
  ParsedConfig parsed_config_;
};

}  // namespace chos::tool
