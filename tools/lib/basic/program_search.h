// SPDX-License-Identifier: BSD-3-Clause
// Looking for programs in lists of directories.
#pragma once

#include <optional>
#include <string>

#include "basic/files.h"

namespace chos {

/// Where a command of the base OS is looked for after $PATH, and by chosctl nowhere else.
inline constexpr const char* base_search_path =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Where the programs of the system are.
inline constexpr const char* system_search_path = "/usr/sbin:/usr/bin:/sbin:/bin";

struct FoundCommand {
  std::string file;     ///< its absolute path; empty: there is none
  std::string denied;   ///< the first file of that name that this process may not execute
  bool itself = false;  ///< one was passed over because it is chos-base
};

/// Looks for the program `name` in the absolute directories of `path` ("/a:/b").  Anything that leads to
/// `self`, or to any file called chos-base, is passed over: a link to it would only look again.
FoundCommand find_command(const std::string& name, const std::string& path,
                          const std::optional<FileIdentity>& self);

/// The path of a program: a path as it is, if it can be executed; a name looked for in $PATH, then in
/// system_search_path.  "" if there is none.
std::string find_program(const std::string& name);

}  // namespace chos
