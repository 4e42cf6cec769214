// SPDX-License-Identifier: BSD-3-Clause
#include "farm/node.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "allowlist/parse.h"
#include "fileserver/servers.h"

namespace chos {
Allowlist loaded_list(const Node& node) {
  const auto text = node.kernel.valid();
  if (!text) return {};
  auto parsed = parse_allowlist(*text, "valid", node.groups);
  return parsed.list ? std::move(*parsed.list) : Allowlist();
}

bool node_is_up(const Node& node) {
  if (!node.kernel.present()) return false;
  const auto table = MountTable::read();
  return table && table->at(node.config.farm) != nullptr;
}

}  // namespace chos
