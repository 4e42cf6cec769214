// SPDX-License-Identifier: BSD-3-Clause
// Looks up users and groups in a statically linked program, which must run in any OS: first in the plain
// files, then with getent(1) in a child process.  No NSS module is loaded.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "allowlist/groups.h"
#include "basic/result.h"
#include "session/environment.h"

namespace chos {

class Accounts {
 public:
  /// `root` is put before /etc/passwd and /etc/group: "/local" inside an OS.
  explicit Accounts(std::string root = {}) : root_(std::move(root)) {}

  std::optional<Account> account(uid_t uid) const;

  /// Has the form of a GroupLookup.
  Result<gid_t> group(const std::string& name) const;

  /// The name of a user, or the uid if there is no such account.
  std::string user_name(uid_t uid) const;

 private:
  std::string root_;
  mutable std::map<uid_t, std::string> names_;
};

}  // namespace chos
