// SPDX-License-Identifier: BSD-3-Clause
// A child process with the rights of the user.  It reads ~/.chos, and later enters the chosen OS to check
// whether a session can work there, before the application itself is moved.
//
// The application must not notice the child.  The child sends no signal when it ends, and no wait(2) of the
// application can see it.  It holds none of the application's descriptors.  It allocates nothing, so locks
// that threads of the application hold do not matter.  If the child hangs (on a dead NFS server), the
// application does not.
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
    std::string program;   ///< must be executable there, such as a login shell
    std::string fallback;  ///< checked if `program` is not
    std::string home;      ///< "" if it does not matter
  };

  /// The result of the check in the OS.
  struct Report {
    int enter = 0;     ///< errno of entering; 0: success
    int program = 0;   ///< errno if the program cannot be executed
    int fallback = 0;  ///< the same for the fallback; meaningful if `program` is not 0
    int home = 0;      ///< errno of changing to the home directory
  };

  Scout() = default;
  Scout(const Scout&) = delete;
  Scout& operator=(const Scout&) = delete;
  ~Scout();

  /// Starts the child.  An Error if it cannot be started (EAGAIN: the process table is full) or cannot take
  /// the user's rights.  `timeout`: the seconds to wait for all answers together.
  Status start(const Account& account, const std::vector<gid_t>& gids, unsigned timeout);

  /// Reads the file at a path.  Error code ETIMEDOUT: no answer in time.
  Result<RawUserFile> fetch(const std::string& path);

  /// Enters the OS and checks it.  Ask nothing after that, because the child is then in the OS.
  Result<Report> look(const Wish& wish);

 private:
  /// The Error names `who` if no answer comes.
  Status receive(void* answer, std::size_t size, const std::string& who);
  Status send(const void* question, std::size_t size);
  void end();

  UniqueFd child_;  // pidfd
  UniqueFd socket_;
  long long left_ = 0;  // time left to wait for answers, ms
  std::string user_;
};

}  // namespace chos::pam
