// SPDX-License-Identifier: BSD-3-Clause
// The base's nsswitch.conf(5) for a tree that does not have all of its services.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace chos {

/// Whether a tree has a service ("sss").
using HasService = std::function<bool(const std::string& service)>;

/// `text` without the services that are not there.  Actions in brackets go with the service before
/// them.  A database that is left without any service gets "files".  Comments are dropped.
std::string filter_nsswitch(std::string_view text, const HasService& has);

/// Whether the tree that `tree` is open on (O_PATH) has libnss_SERVICE.so.2 where its loader looks;
/// `files` and `dns`, which newer libcs have in themselves, count as there.
bool has_nss_service(int tree, const std::string& service);

}  // namespace chos
