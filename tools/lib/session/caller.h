// SPDX-License-Identifier: BSD-3-Clause
// Who asks for an OS, from where, and which OSs there are: what every program that enters one
// looks at first.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "allowlist/allowlist.h"
#include "kernel/proc_chos.h"
#include "session/accounts.h"
#include "session/environment.h"
#include "session/paths.h"
#include "session/selection.h"

namespace chos {

/// Where a process is, and which OSs there are.
struct Place {
  ProcChos kernel;
  std::string current = "/";  ///< this process's OS as the module says; "/" without a module
  std::string base_root;      ///< before the base's files: inside an OS they are below /local
  Accounts accounts;
  std::vector<gid_t> gids;
  std::string allowlist_file;  ///< as read
  ParsedAllowlist parsed;

  explicit Place(const Paths& paths);

  /// Null if the list has errors.
  const Allowlist* list() const { return parsed.list ? &*parsed.list : nullptr; }
};

/// A process that asks for itself.
struct Caller : Place {
  Environment environment;
  std::optional<Account> account;
  std::string home;  ///< $HOME, else the account's; may be empty

  explicit Caller(const Paths& paths);

  /// What the rules of `order` choose; `option` is what was asked for explicitly.
  Selection select(const std::optional<std::string>& option, const Order& order) const;
};

}  // namespace chos
