// SPDX-License-Identifier: BSD-3-Clause
// Users and groups by way of NSS.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "session/environment.h"

namespace chos {

/// These ask NSS, so call them before a switch.  Nothing: there is no such account.
std::optional<Account> lookup_account(uid_t uid);
std::optional<Account> lookup_account(const std::string& name);
/// The account's gid and those of all groups that have it as a member.
std::vector<gid_t> lookup_gids(const Account& account);

}  // namespace chos
