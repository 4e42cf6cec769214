// SPDX-License-Identifier: BSD-3-Clause
// The state that every program reads before it enters an OS: the user, the current OS, the allowlist.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "allowlist/allowlist.h"
#include "allowlist/parse.h"
#include "kernel/proc_chos.h"
#include "session/accounts.h"
#include "session/environment.h"
#include "session/paths.h"
#include "session/selection.h"

namespace chos {

/// The OS that a process is in, and the OSs that exist.
struct Place {
  ProcChos kernel;
  std::string current = "/";  ///< the OS of this process; "/" in the base OS or without a module
  std::string base_root;      ///< the prefix of the base OS's files: "/local" inside an OS, else ""
  Accounts accounts;
  std::vector<gid_t> gids;
  std::string allowlist_file;  ///< as read
  ParsedAllowlist parsed;

  explicit Place(const Paths& paths);

  /// Null if the list has errors.
  const Allowlist* list() const { return parsed.list ? &*parsed.list : nullptr; }
};

/// A process that chooses an OS for itself.
struct Caller : Place {
  Environment environment;
  std::optional<Account> account;
  std::string home;  ///< $HOME, else the account's; may be empty

  explicit Caller(const Paths& paths);

  /// Applies the rules of `order`.  `option` is the OS that was named explicitly.
  Selection select(const std::optional<std::string>& option, const Order& order) const;
};

}  // namespace chos
