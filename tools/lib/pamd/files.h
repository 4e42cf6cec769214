// SPDX-License-Identifier: BSD-3-Clause
// The files of /etc/pam.d: reads them only if they can be trusted, keeps the originals, and replaces them
// so that PAM always sees either the old file or the new one.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "basic/files.h"
#include "basic/result.h"
#include "basic/run_paths.h"
#include "pamd/plan.h"

namespace chos {

struct PamPaths {
  std::string directory = "/etc/pam.d";
  /// The directories in which PAM looks for a file that is not in `directory`.
  std::vector<std::string> vendor = {"/usr/lib/pam.d", "/usr/etc/pam.d"};
  std::string backups = "/var/lib/chos/pam.d";
  /// The directories of PAM's modules, as glob(7) patterns.
  std::vector<std::string> modules = {"/lib/security",     "/lib/*/security",     "/lib64/security",
                                      "/usr/lib/security", "/usr/lib/*/security", "/usr/lib64/security"};
  uid_t trusted = 0;                 ///< the user whose files are trusted
  std::string lock = pam_lock_path;  ///< held by the chosctl that changes files here
};

class PamFiles {
 public:
  /// Error: the directory cannot be opened, does not belong to the trusted user or is writable by others.
  static Result<PamFiles> open(PamPaths paths);

  /// The text of a service's file.  It must be a regular file of the trusted user that is writable by
  /// nobody else and has a single name; symbolic links are refused.  Error: ENOENT if it does not exist.
  Result<std::string> service(const std::string& name) const;

  /// The text of an included file, which is searched as PAM does; links are followed.
  Result<std::string> included(const std::string& name) const;

  PamSource source() const;  ///< service() and included(); valid while this object lives

  std::vector<std::string> names() const;  ///< of the services in `directory`, sorted

  /// Writes `change.backup_text` to BACKUPS/SERVICE.orig, unless the file there differs from it only in
  /// rules for pam_chos.so.  Returns its path.
  Result<std::string> back_up(const PamChange& change) const;

  /// Replaces the file by one with the same owner, mode and extended attributes (such as the SELinux
  /// label).  Error: EAGAIN if its text is no longer `change.old_text`.
  Status replace(const PamChange& change) const;

  bool module_found() const;  ///< pam_chos.so is in one of the module directories

  const PamPaths& paths() const { return paths_; }

 private:
  PamFiles(PamPaths paths, UniqueFd directory) : paths_(std::move(paths)), directory_(std::move(directory)) {}

  std::string path(const std::string& name) const { return paths_.directory + "/" + name; }
  Result<UniqueFd> open_service(const std::string& name) const;

  PamPaths paths_;
  UniqueFd directory_;
};

}  // namespace chos
