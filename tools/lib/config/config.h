// SPDX-License-Identifier: BSD-3-Clause
// /etc/chos.conf: chos.conf(5).  Every setting has a default for a plain Debian or Enterprise
// Linux node, so there need not be a file.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "allowlist/allowlist.h"

namespace chos {

inline constexpr const char* config_path = "/etc/chos.conf";

struct Config {
  std::string farm = "/chos";              ///< [farm] path
  std::string trees = "/var/lib/chos/os";  ///< [farm] trees: bound to FARM/os
  bool chos_link = true;                   ///< [farm] chos_link: make chos(1) known in the trees
  std::vector<std::string> dirs;           ///< top-level directories shared when the base has them
  std::vector<std::string> links;          ///< top-level names that differ by OS
  std::vector<std::string> share;          ///< files and directories that trees share, from "/"
  bool nsswitch = true;                    ///< [share] nsswitch: the base's, filtered
  std::vector<std::string> base_commands;  ///< [base] commands: run in the base OS by chos-base(1)
  /// [base.os]: those that an OS always takes from the base, by the OS's name.
  std::map<std::string, std::vector<std::string>> os_commands;
  std::vector<std::string> keep;  ///< variables that a login shell keeps
  std::string user_path;          ///< PATH of a login shell
  std::string root_path;          ///< the same for root

  /// The defaults.
  Config();
};

struct ParsedConfig {
  Config config;  ///< meaningful only if there are no errors
  std::vector<Complaint> errors;
  bool missing = false;  ///< no file: the defaults, and no error

  bool ok() const { return errors.empty(); }
  std::string error_text() const;
};

/// Reads TOML.  An unknown key is an error that names the known ones.
ParsedConfig parse_config(std::string_view text, const std::string& file);

/// Reads the file, which must belong to `trusted` and be writable by nobody else.
ParsedConfig load_config(const std::string& file, uid_t trusted = 0);

/// Empty if `pattern` may stand in a list of variables to keep; otherwise what was expected.
std::string keep_pattern_problem(const std::string& pattern);

}  // namespace chos
