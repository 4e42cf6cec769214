// SPDX-License-Identifier: BSD-3-Clause
// The command line of chosctl.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "chosctl/os_options.h"

namespace chos::ctl {

enum class Command {
  up,
  down,
  reload,
  watch,
  status,
  doctor,
  metrics,
  pam_enable,
  pam_disable,
  pam_status,
  batch_enable,
  batch_disable,
  batch_status,
  os
};

struct Options {
  Command command = Command::status;
  std::string command_line;  ///< as it was given, for a shell, without chosctl itself
  std::string config;
  std::string allowlist;
  std::string module_file;                 ///< up --module
  bool force = false;                      ///< down, batch enable, batch disable
  bool keep_module = false;                ///< down
  bool at_shutdown = false;                ///< down
  bool json = false;                       ///< status, doctor, pam status, batch status
  std::vector<std::string> services;       ///< pam
  std::vector<std::string> pam_options;    ///< pam enable --option
  bool deny = false;                       ///< pam enable
  std::vector<std::string> batch_systems;  ///< batch; one, but for status
  std::vector<std::string> batch_queues;   ///< batch --queue
  std::string batch_directory;             ///< batch --directory
  OsOptions os;
};

/// Options, or the exit status after help, the version or a complaint has been printed.
std::variant<Options, int> parse_options(int argc, const char* const* argv);

}  // namespace chos::ctl
