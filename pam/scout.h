// SPDX-License-Identifier: BSD-3-Clause
// A child process with the rights of the user.  It reads ~/.chos, and later enters the chosen OS to check
// whether a session can work there, before the application itself is moved.
//
// The application is not to notice it.  The child gives no signal when it ends and no wait(2) of
// the application's can see it; it holds none of the application's descriptors; it allocates
// nothing, so threads of the application that hold locks do not matter; and whatever hangs in it
// (a dead NFS server) hangs nobody else.
#pragma once

#include <string>
#include <vector>

#include "basic/files.h"
#include "basic/result.h"
#include "session/environment.h"
#include "session/user_file.h"

namespace chos::pam {

class Scout {
 public:
  struct Wish {
    std::string proc;      ///< /proc/chos
    std::string os;        ///< to enter, as /proc/chos/setchos takes it
    std::string program;   ///< that must be there: a login shell, say
    std::string fallback;  ///< looked for if it is not
    std::string home;      ///< "" if it does not matter
  };

  /// What it found in the OS.
  struct Report {
    int enter = 0;     ///< errno of entering, 0: it could
    int program = 0;   ///< errno of the program's being executable
    int fallback = 0;  ///< errno of the fallback's; meaningful if `program` is not 0
    int home = 0;      ///< errno of going to the home directory
  };

  Scout() = default;
  Scout(const Scout&) = delete;
  Scout& operator=(const Scout&) = delete;
  ~Scout();

  /// Starts the child.  An Error if it cannot be started (EAGAIN: the process table is full), or
  /// if it may not take the user's rights.  `timeout` in seconds, for waiting for all
  /// answers together.
  Status start(const Account& account, const std::vector<gid_t>& gids, unsigned timeout);

  /// What is at a path.  ETIMEDOUT in the error's code: no answer in time.
  Result<RawUserFile> fetch(const std::string& path);

  /// Goes into the OS to look; after that it can be asked nothing more.
  Result<Report> look(const Wish& wish);

 private:
  /// `who` is the one that does not answer, if none comes.
  Status receive(void* answer, std::size_t size, const std::string& who);
  Status send(const void* question, std::size_t size);
  void end();

  UniqueFd child_;  // pidfd
  UniqueFd socket_;
  long long left_ = 0;  // to wait for answers, ms
  std::string user_;
};

}  // namespace chos::pam
