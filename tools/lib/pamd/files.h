// SPDX-License-Identifier: BSD-3-Clause
// The files of /etc/pam.d: reading them with suspicion, keeping the originals, replacing them so
// that at any moment PAM sees the old file or the new one.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "basic/files.h"
#include "basic/result.h"
#include "pamd/plan.h"

namespace chos {

struct PamPaths {
  std::string directory = "/etc/pam.d";
  /// Where PAM looks for a file that is not in `directory`.
  std::vector<std::string> vendor = {"/usr/lib/pam.d", "/usr/etc/pam.d"};
  std::string backups = "/var/lib/chos/pam.d";
  /// Patterns, as glob(3) has them, of the directories of PAM's modules.
  std::vector<std::string> modules = {"/lib/security",     "/lib/*/security",     "/lib64/security",
                                      "/usr/lib/security", "/usr/lib/*/security", "/usr/lib64/security"};
  uid_t trusted = 0;  ///< whose files are believed
};

class PamFiles {
 public:
  /// The directory must be the trusted user's, and writable by nobody else.
  static Result<PamFiles> open(PamPaths paths);

  /// Waits until no other chosctl changes files here, and keeps them away until the end.
  Status lock();

  /// The text of the file of a service.  Only a regular file of the trusted user, with one name
  /// and writable by nobody else; no symbolic link.  ENOENT in the error's code: there is none.
  Result<std::string> service(const std::string& name) const;

  /// The text of a file that is included: found as PAM finds it, links are followed.
  Result<std::string> included(const std::string& name) const;

  PamSource source() const;  ///< both of them; not longer than this object lives

  std::vector<std::string> names() const;  ///< of the services here, sorted

  /// Keeps `change.backup_text` as BACKUPS/SERVICE.orig, unless one is kept there that differs
  /// from it in rules for pam_chos.so only.  Returns its path.
  Result<std::string> back_up(const PamChange& change) const;

  /// Replaces the file by one with the same owner, mode and extended attributes (the SELinux label
  /// is one).  An Error if it has another text than `change.old_text` by now.
  Status replace(const PamChange& change) const;

  bool module_found() const;  ///< pam_chos.so is in a directory of modules

  const PamPaths& paths() const { return paths_; }

 private:
  PamFiles(PamPaths paths, UniqueFd directory) : paths_(std::move(paths)), directory_(std::move(directory)) {}

  std::string path(const std::string& name) const { return paths_.directory + "/" + name; }
  Result<UniqueFd> open_service(const std::string& name) const;

  PamPaths paths_;
  UniqueFd directory_;
};

}  // namespace chos
