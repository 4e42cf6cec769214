// SPDX-License-Identifier: BSD-3-Clause
// Looking for programs in a list of directories.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace chos {

/// Where a command of the base OS is looked for after $PATH, and by chosctl nowhere else.
inline constexpr const char* base_search_path =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// chos-base itself, by the file that it is.
struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;
};

/// Nothing: there is no such file.
std::optional<FileIdentity> identity_of(const std::string& file);

struct FoundCommand {
  std::string file;     ///< absolute; empty: there is none
  std::string denied;   ///< the first of that name which is no program that we may execute
  bool itself = false;  ///< one was passed over since it is chos-base
};

/// Looks for the program `name` in the absolute directories of `path` ("/a:/b").  What leads to
/// `self`, or to any file called chos-base, is passed over: a link to it would only look again.
FoundCommand find_command(const std::string& name, const std::string& path,
                          const std::optional<FileIdentity>& self);

}  // namespace chos
