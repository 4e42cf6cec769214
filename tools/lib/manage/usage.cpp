// SPDX-License-Identifier: BSD-3-Clause
#include "manage/usage.h"

#include <poll.h>

#include <cerrno>

namespace chos {
namespace {

Result<unsigned long long> count_in(const ProcChos& kernel, const std::string& name,
                                    const std::vector<TreeRecord>& trees) {
  unsigned long long count = 0;
  const auto usage = kernel.usage();
  if (usage) {
    for (const auto& os : *usage)
      if (os.name == name || find_record(trees, os.path) != nullptr) count += os.processes;
    return count;
  }
  if (usage.error().code != ENOSYS) return usage.error();
  // An older module reports names only, so trees of one name are counted together.
  const auto processes = kernel.processes();
  if (!processes) return processes.error();
  for (const auto& process : *processes) {
    bool inside = process.name == name;
    for (const auto& tree : trees) inside = inside || process.name == tree.name;
    count += inside;
  }
  return count;
}

}  // namespace

Result<bool> trees_in_use(const ManageContext& context, const std::string& name,
                          const std::vector<TreeRecord>& trees) {
  const Node& node = context.node;
  if (!node.kernel.present()) {
    if (node.module == nullptr || !node.module->loaded()) return false;
    // `chosctl down --force` leaves processes in their OSs.
    return Error{"the module is loaded but " + node.kernel.directory() +
                     " does not exist, so it is unknown which processes are in an OS",
                 "run: chosctl up", EBUSY};
  }
  // A thread of a process that has just left may still be inside fork(2), and its child will be in
  // the OS.  The kernel does not report that, so the second count comes after a pause.
  for (const int pause : {0, 200}) {
    ::poll(nullptr, 0, pause);
    const auto counted = count_in(node.kernel, name, trees);
    if (!counted) return counted.error();
    if (*counted > 0) return true;
  }
  return false;
}

}  // namespace chos
