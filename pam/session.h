// SPDX-License-Identifier: BSD-3-Clause
// A login: chooses the OS of the session, checks that the session can work there, and moves the process. Does
// not use PAM.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "allowlist/allowlist.h"
#include "allowlist/groups.h"
#include "pam/options.h"
#include "session/environment.h"
#include "session/nss.h"

namespace chos::pam {

struct Request {
  std::string service;  ///< "sshd"
  std::string user;
};

bool has_expired_password(const std::string& user);

/// The system functions that the logic uses; tests replace them.
struct System {
  std::function<std::optional<Account>(const std::string& name)> account = [](const std::string& name) {
    return lookup_account(name);
  };
  std::function<std::vector<gid_t>(const Account&)> gids = lookup_gids;
  GroupLookup group = lookup_group;
  /// Whether the user must change the password first, according to shadow(5).
  std::function<bool(const std::string& name)> password_expired = has_expired_password;
  std::string log = "/dev/log";
};

/// What close_session() needs to know.
struct Moved {
  std::string os;                   ///< as it was asked for: a name, or a path of the allowlist
  std::string cwd;                  ///< the working directory before the move; "" if it is not known
  std::optional<unsigned> persona;  ///< the personality before the move, if the move changed it
};

struct Outcome {
  enum class What {
    not_ours,  ///< root, an excluded service ...: nothing was done
    base,      ///< the session is in the base OS, by choice or because of an error
    moved,     ///< the process is in an OS now
    refused,   ///< there was an error, with on_error=deny
  };
  What what = What::not_ours;
  std::string os;    ///< for $CHOS: "trixie", "base" if that was chosen, "" if nothing was
  std::string tell;  ///< one line for the user, or ""
  std::optional<Moved> moved;
};

/// Opens the session of `request`, and may move this process with all its threads into an OS.
///
/// A move also changes the working directory, to the same name in the OS or to the home directory, and the
/// personality (session/persona.h).  After the move no file is opened and nothing is allocated.  Writes to
/// the log.  Throws std::bad_alloc only before the move.
Outcome open_session(const Request& request, const Options& options, const System& system = {});

/// Closes the session: if this process is still in the OS, leaves it and returns to the working directory
/// before the move.
void close_session(const Request& request, const Options& options, const Moved& moved,
                   const System& system = {});

/// The program that a session of this service starts first, which must exist in the OS: for most services the
/// user's login shell.
std::string first_program(const std::string& service, const std::string& shell);

}  // namespace chos::pam
