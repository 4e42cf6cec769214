// SPDX-License-Identifier: BSD-3-Clause
#include "farm/work.h"

#include <algorithm>

namespace chos {

std::size_t processes_in(const FarmWork& work, const OsEntry& entry) {
  const auto processes = work.node.kernel.processes();
  if (!processes) return 1;
  return static_cast<std::size_t>(
      std::count_if(processes->begin(), processes->end(), [&](const OsProcess& process) {
        const OsEntry* other = work.list.find_name(process.name);
        return other != nullptr && other->path == entry.path;
      }));
}

std::string counted(std::size_t changed, std::size_t all) {
  return std::to_string(all) +
         (changed > 0 && changed < all ? ", " + std::to_string(changed) + " of them new" : "");
}

}  // namespace chos
