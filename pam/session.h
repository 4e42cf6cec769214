// SPDX-License-Identifier: BSD-3-Clause
// A login: which OS the user's session belongs in, whether it can live there, and the move.
// Knows nothing of PAM.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "allowlist/allowlist.h"
#include "pam/options.h"
#include "session/environment.h"
#include "session/nss.h"

namespace chos::pam {

struct Request {
  std::string service;  ///< "sshd"
  std::string user;
};

bool has_expired_password(const std::string& user);

/// What the logic asks of the system; tests answer otherwise.
struct System {
  std::function<std::optional<Account>(const std::string& name)> account = [](const std::string& name) {
    return lookup_account(name);
  };
  std::function<std::vector<gid_t>(const Account&)> gids = lookup_gids;
  GroupLookup group = lookup_group;
  /// Whether the user has to change the password first, by shadow(5).
  std::function<bool(const std::string& name)> password_expired = has_expired_password;
  std::string log = "/dev/log";
};

/// What close() needs to know.
struct Moved {
  std::string os;                   ///< as it was asked for: a name, or a path of the allowlist
  std::string cwd;                  ///< the working directory before the move; "" if it is not known
  std::optional<unsigned> persona;  ///< the personality before the move, if the move changed it
};

struct Outcome {
  enum class What {
    not_ours,  ///< root, an excluded service ...: nothing was looked at
    base,      ///< the session is in the base OS, as chosen or since something was wrong
    moved,     ///< the process is in an OS now
    refused,   ///< on_error=deny, and something was wrong
  };
  What what = What::not_ours;
  std::string os;    ///< for $CHOS: "trixie", "base" if that was chosen, "" if nothing was
  std::string tell;  ///< one line for the user; "" nothing
  std::optional<Moved> moved;
};

/// Opens the session of `request`: may move this process, all its threads, into an OS.
///
/// Leaves nothing else of the process changed but the working directory, which is then the same
/// by name, or the home directory.  After the move no file is opened and nothing is allocated.
/// Writes to the log.  Throws std::bad_alloc only before the move.
Outcome open_session(const Request& request, const Options& options, const System& system = {});

/// Closes it: leaves the OS, if this process is still in it, for the directory where it was.
void close_session(const Request& request, const Options& options, const Moved& moved,
                   const System& system = {});

/// The program that a session of this service starts first, which must be there in the OS: the
/// user's login shell for most.
std::string first_program(const std::string& service, const std::string& shell);

}  // namespace chos::pam
