// SPDX-License-Identifier: BSD-3-Clause
#include "store/remove_tree.h"

#include <cerrno>
#include <filesystem>

#include "mount/mountinfo.h"
#include "mount/operations.h"

namespace chos {
namespace {

constexpr int most_rounds = 100;

}  // namespace

Status remove_tree(const std::string& path) {
  const auto table = MountTable::read();
  if (!table) return table.error();
  if (const auto mounts = table->below(path); !mounts.empty())
    return Error{mounts.front()->target + " is a mount point, so " + path + " is not removed",
                 "umount " + mounts.front()->target, EBUSY};
  // remove_all() works by descriptors, so a process that still writes below cannot lead it elsewhere by
  // a link.
  std::error_code failure;
  std::filesystem::remove_all(path, failure);
  if (failure) return system_error("cannot remove " + path, failure.value());
  return {};
}

Status unmount_below(const std::string& path) {
  // A mount may hide another one, so the table is read again after each round.  The number of rounds is
  // limited, since another process may mount as fast.
  for (int round = 0; round < most_rounds; ++round) {
    const auto table = MountTable::read();
    if (!table) return table.error();
    const auto mounts = table->below(path);
    if (mounts.empty()) return {};
    // Detaching a mount also detaches the mounts below it.
    for (const Mount* mount : mounts)
      if (auto status = detach_mount(mount->id, mount->target); !status && status.error().code != ENOENT)
        return status;
  }
  return Error{"something is mounted again and again below " + path, "see who does it: findmnt -R " + path,
               EBUSY};
}

}  // namespace chos
