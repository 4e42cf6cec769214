// SPDX-License-Identifier: BSD-3-Clause
// The command line of chosctl.
#pragma once

#include <string>
#include <variant>
#include <vector>

namespace chos::ctl {

enum class Command { up, down, reload, status, doctor };

struct Options {
  Command command = Command::status;
  std::string config;
  std::string allowlist;
  std::string module_file;   ///< up --module
  bool force = false;        ///< down
  bool keep_module = false;  ///< down
  bool json = false;         ///< status, doctor
};

/// Options, or the exit status after help, the version or a complaint has been printed.
std::variant<Options, int> parse_options(int argc, const char* const* argv);

}  // namespace chos::ctl
