// SPDX-License-Identifier: BSD-3-Clause
// The files of /proc/chos, and their errors in the words of a user.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "allowlist/allowlist.h"
#include "basic/result.h"

namespace chos {

/// Of /proc/chos/version.
struct ModuleVersion {
  std::string version;  ///< "0.1.0"
  unsigned abi = 0;
  std::string fork_tracking;                           ///< "on", "off", "lost"
  std::map<std::string, unsigned long long> counters;  ///< the lines whose value is a number
};

struct OsProcess {
  pid_t pid = 0;
  std::string name;  ///< of the OS
};

/// Of /proc/chos/usage.  An OS is a pair of name and path: after a new list has put another path
/// under a name, both are there.
struct OsUsage {
  unsigned long long processes = 0;  ///< in it now, of all users
  unsigned long long enters = 0;     ///< since the module was loaded
  std::string name;
  std::string path;  ///< as seen in the farm

  bool operator==(const OsUsage&) const = default;
};

struct LayoutName {
  bool link = false;  ///< a link into the reader's OS; otherwise a directory to mount on
  std::string name;

  bool operator==(const LayoutName&) const = default;
};

class ProcChos {
 public:
  /// `directory` is /proc/chos but in tests.
  explicit ProcChos(std::string directory = "/proc/chos");

  const std::string& directory() const { return directory_; }
  std::string file(const std::string& name) const { return directory_ + "/" + name; }

  /// Nothing if the module is there and its files are mounted; otherwise which of the two is
  /// missing, and how an administrator gets it.
  Status present() const;

  Result<ModuleVersion> version() const;

  /// The caller's OS by name; "/" in the base OS.
  Result<std::string> current() const;

  /// Moves the caller, all its threads, into an OS or, with "/", to the base OS.  The Error has
  /// a message in the words of a user, and the errno.
  Status enter(const std::string& name) const;

  /// The allowlist in force; root's.
  Result<std::string> valid() const;
  Status write_valid(const std::string& text) const;

  Result<std::vector<OsProcess>> processes() const;

  /// Root's.  A tree that the list in force does not have, and whose path has no processes in
  /// any element, is out of use for good while fork tracking is on; see chos/abi.h.  The code of
  /// the Error is ENOSYS if the module is there but too old to have the file.
  Result<std::vector<OsUsage>> usage() const;

  Result<std::vector<LayoutName>> layout() const;
  /// Adds names to the farm.
  Status write_layout(const std::vector<LayoutName>& names) const;

 private:
  Result<std::string> read(const std::string& name) const;
  Status write(const std::string& name, const std::string& text) const;
  Error missing() const;

  std::string directory_;
};

/// What an errno of /proc/chos/setchos means.
Error enter_error(int code, const std::string& name);

/// EACCES though /etc/chos lets the user in: chosctl has closed the OS in the kernel for want of a
/// tree, or the file was changed since.
Error no_tree_error(const std::string& name);

/// Parsers of what the files say; pure.
Result<ModuleVersion> parse_version(const std::string& text);
Result<std::vector<OsProcess>> parse_processes(const std::string& text);
Result<std::vector<OsUsage>> parse_usage(const std::string& text);
Result<std::vector<LayoutName>> parse_layout(const std::string& text);
std::string render_layout(const std::vector<LayoutName>& names);

}  // namespace chos
