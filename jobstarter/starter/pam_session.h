// SPDX-License-Identifier: BSD-3-Clause
// A PAM session for a job.  The process that opens and closes it stays in the base OS.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "basic/result.h"
#include "session/environment.h"

struct pam_conv;
struct pam_handle;

namespace chos::starter {

/// Where PAM reads the files of its services.  Tests have a directory of their own.
struct PamFiles {
  /// /etc/pam.d, and where distributions put their files.
  std::vector<std::string> directories{"/etc/pam.d", "/usr/lib/pam.d", "/usr/etc/pam.d"};
  /// pam_start(3), or another function that reads those directories.
  std::function<int(const char* service, const char* user, const struct pam_conv*, struct pam_handle**)>
      start;

  PamFiles();
};

class PamSession {
 public:
  explicit PamSession(PamFiles files) : files_(std::move(files)) {}
  PamSession(const PamSession&) = delete;
  PamSession& operator=(const PamSession&) = delete;
  ~PamSession() { (void)close(); }

  /// Opens a session of `service` for the user that this process runs as.  Only root establishes
  /// credentials.  Account rules are not checked: the batch system has already let the job run.
  /// A service without a file of its own is an Error; PAM would use the rules of "other".
  Status open(const std::string& service, const Account& account);

  /// The variables that the modules set for the job.
  Environment environment() const;

  /// Closes the session if it is open.  An Error is for the log: the job has ended.
  Status close();

 private:
  Error failed(const std::string& what, int code) const;

  PamFiles files_;
  std::string service_;
  struct pam_handle* handle_ = nullptr;
  bool opened_ = false, credentials_ = false;
};

}  // namespace chos::starter
