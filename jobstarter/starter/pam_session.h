// SPDX-License-Identifier: BSD-3-Clause
// A PAM session for a job: opened and closed by a process that stays in the base OS.
#pragma once

#include <string>
#include <vector>

#include "basic/result.h"
#include "session/environment.h"

struct pam_handle;

namespace chos::starter {

class PamSession {
 public:
  PamSession() = default;
  PamSession(const PamSession&) = delete;
  PamSession& operator=(const PamSession&) = delete;
  ~PamSession() { (void)close(); }

  /// Opens a session of `service` for the user that this process runs as; credentials are
  /// established by root only.  Account rules are not asked: the batch system has let the job run.
  /// `directories`: where a file of that name must be, lest PAM take that of "other".
  Status open(const std::string& service, const Account& account,
              const std::vector<std::string>& directories);

  /// What the modules want the job to have in its environment.
  Environment environment() const;

  /// Closes it, if it is open.  An Error is for the log: the job is over.
  Status close();

 private:
  Error failed(const std::string& what, int code) const;

  std::string service_;
  struct pam_handle* handle_ = nullptr;
  bool opened_ = false, credentials_ = false;
};

}  // namespace chos::starter
