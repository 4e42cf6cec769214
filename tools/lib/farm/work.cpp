// SPDX-License-Identifier: BSD-3-Clause
#include "farm/work.h"

#include <fcntl.h>

#include <algorithm>

#include "basic/files.h"
#include "basic/text.h"

namespace chos {

namespace {

// Whether this process can open no file at all.  The code of an error does not tell: a file system may return
// any.
bool out_of_descriptors() { return !UniqueFd(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)); }

}  // namespace

bool close_os(const FarmWork& work, const OsEntry& entry, const Error& error, std::size_t kept) {
  if (error.general || out_of_descriptors()) return false;
  for (const auto& [what, status] : work.changes.rollback_to(kept))
    if (!status) work.progress.undone(what, status);
  work.trees.set_problem(work.list, entry, error.what);
  work.progress.warning("the tree of " + in_quotes(entry.name) + " cannot be prepared: " + error.what +
                        (entry.closed ? "" : "; the OS is closed: mend the tree and run chosctl reload"));
  return true;
}

Status for_each_tree(const FarmWork& work, const std::function<Status(const OsEntry&)>& prepare) {
  for (const OsEntry* entry : trees_of(work.list)) {
    if (work.trees.of(*entry).out_of_reach()) continue;
    const auto before = work.changes.size();
    const auto status = prepare(*entry);
    if (!status && !close_os(work, *entry, status.error(), before)) return status;
  }
  return {};
}

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
