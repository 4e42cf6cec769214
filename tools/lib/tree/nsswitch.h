// SPDX-License-Identifier: BSD-3-Clause
// Filters the base's nsswitch.conf(5) for a tree that lacks some of its services.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace chos {

/// Whether a tree has a service ("sss").
using HasService = std::function<bool(const std::string& service)>;

/// Returns `text` without the services that the tree lacks.  Actions in brackets are dropped together with
/// the service before them.  A database without any service left gets "files".  Comments are dropped.
std::string filter_nsswitch(std::string_view text, const HasService& has);

/// Whether a tree has libnss_SERVICE.so.2 where its loader looks.  `tree` is open on the tree (O_PATH).
/// `files` and `dns` count as present: newer libcs have them built in.
bool has_nss_service(int tree, const std::string& service);

}  // namespace chos
