// SPDX-License-Identifier: BSD-3-Clause
// The environments of login shells and commands in an OS.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace chos {

/// Name and value; names occur once.
using Environment = std::vector<std::pair<std::string, std::string>>;

/// The fields of a passwd entry that a login needs.
struct Account {
  std::string name;
  std::string home;
  std::string shell;  ///< "/bin/sh" if the entry has none
  uid_t uid = 0;
  gid_t gid = 0;
};

/// The environment of this process; a name that occurs twice keeps its first value.
Environment own_environment();

const std::string* find_variable(const Environment& environment, const std::string& name);
void set_variable(Environment& environment, const std::string& name, const std::string& value);
void unset_variable(Environment& environment, const std::string& name);

/// Whether a variable is among those to keep.  "LC_*" keeps all that start with LC_.
bool is_kept(const std::string& name, const std::vector<std::string>& keep);

/// The environment of a login: new values of HOME, LOGNAME, PATH, SHELL, USER and CHOS, and those other
/// variables of `inherited` that `keep` names.
Environment login_environment(const Environment& inherited, const std::vector<std::string>& keep,
                              const Account& account, const std::string& path, const std::string& os_name);

/// "-bash" of "/bin/bash".
std::string login_argv0(const std::string& shell);

/// "NAME=VALUE" strings, for execve(2).
std::vector<std::string> environment_block(const Environment& environment);

}  // namespace chos
