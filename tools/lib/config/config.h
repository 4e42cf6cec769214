// SPDX-License-Identifier: BSD-3-Clause
// /etc/chos.conf, see chos.conf(5).  Every setting has a default for a plain Debian or Enterprise Linux node,
// so the file need not exist.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "allowlist/allowlist.h"
#include "allowlist/parse.h"

namespace chos {

inline constexpr const char* config_path = "/etc/chos.conf";

struct Config {
  std::string farm = "/chos";              ///< [farm] path
  std::string trees = "/var/lib/chos/os";  ///< [farm] trees: bound to FARM/os
  bool chos_link = true;                   ///< [farm] chos_link: add links to chos(1) to the trees
  std::vector<std::string> dirs;           ///< top-level directories shared when the base has them
  std::vector<std::string> links;          ///< top-level names that differ by OS
  std::vector<std::string> share;          ///< files and directories that the trees share, absolute
  bool nsswitch = true;                    ///< [share] nsswitch: the base's, filtered
  std::vector<std::string> base_commands;  ///< [base] commands: run in the base OS by chos-base(1)
  /// [base.os]: commands that an OS always takes from the base OS, by the name of the OS.
  std::map<std::string, std::vector<std::string>> os_commands;
  std::vector<std::string> keep;  ///< variables that a login shell keeps
  std::string user_path;          ///< PATH of a login shell
  std::string root_path;          ///< the same for root

  /// Sets the defaults.
  Config();
};

struct ParsedConfig {
  Config config;  ///< meaningful only if there are no errors
  std::vector<Complaint> errors;
  bool missing = false;  ///< there is no file: the defaults apply, without an error

  bool ok() const { return errors.empty(); }
  std::string error_text() const;
};

/// Parses TOML.  An unknown key is an error that names the known keys.
ParsedConfig parse_config(std::string_view text, const std::string& file);

/// Reads and parses the file, which must belong to the user `trusted` and be writable by nobody else.
ParsedConfig load_config(const std::string& file, uid_t trusted = 0);

/// Empty if `pattern` may stand in a list of variables to keep; otherwise a message that says what was
/// expected.
std::string keep_pattern_problem(const std::string& pattern);

}  // namespace chos
