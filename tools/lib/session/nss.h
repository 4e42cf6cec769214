// SPDX-License-Identifier: BSD-3-Clause
// Looks up users and groups through NSS.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "session/environment.h"

namespace chos {

/// These use NSS, so call them before entering an OS.  The result is empty if there is no such account.
std::optional<Account> lookup_account(uid_t uid);
std::optional<Account> lookup_account(const std::string& name);
/// The account's gid and the gids of all groups that it is a member of.
std::vector<gid_t> lookup_gids(const Account& account);

}  // namespace chos
