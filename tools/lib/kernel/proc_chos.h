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

/// The content of /proc/chos/version.
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

/// A line of /proc/chos/usage.  An OS is a pair of name and path: if a new list gives a name another path,
/// there is a line for each.
struct OsUsage {
  unsigned long long processes = 0;  ///< in the OS now, of all users
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
  /// directory: /proc/chos except in tests.
  explicit ProcChos(std::string directory = "/proc/chos");

  const std::string& directory() const { return directory_; }
  std::string file(const std::string& name) const { return directory_ + "/" + name; }

  /// Succeeds if the module is loaded and its files are mounted.  The Error says which of the two is missing,
  /// and what to do.
  Status present() const;

  Result<ModuleVersion> version() const;

  /// The caller's OS by name; "/" in the base OS.
  Result<std::string> current() const;

  /// Moves the caller with all its threads into an OS or, with "/", to the base OS, also if its privileges
  /// are lowered for a while.  The code of the Error is the errno of the ioctl.
  Status enter(const std::string& name) const;

  /// The allowlist in force.  Only root may read it.
  Result<std::string> valid() const;
  Status write_valid(const std::string& text) const;

  Result<std::vector<OsProcess>> processes() const;

  /// Only root may read it.  While fork tracking is on, a tree is out of use for good if the list in force
  /// does not have it and no element with its path has processes; see chos/abi.h.  Code ENOSYS: the loaded
  /// module is too old to have the file.
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

/// The Error for an errno of a switch by /proc/chos/setchos.
Error enter_error(int code, const std::string& name);

/// The Error for EACCES although /etc/chos allows the user: chosctl has closed the OS in the kernel because
/// its tree is missing, or the file was changed and not loaded yet.
Error no_tree_error(const std::string& name);

/// Parsers of the files.  Pure.
Result<ModuleVersion> parse_version(const std::string& text);
Result<std::vector<OsProcess>> parse_processes(const std::string& text);
Result<std::vector<OsUsage>> parse_usage(const std::string& text);
Result<std::vector<LayoutName>> parse_layout(const std::string& text);
std::string render_layout(const std::vector<LayoutName>& names);

}  // namespace chos
