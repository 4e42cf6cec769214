// SPDX-License-Identifier: BSD-3-Clause
// Trees that are mounts of their own in the farm, and the flags of all mounts there.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "basic/result.h"
#include "farm/work.h"
#include "mount/plan.h"

namespace chos {

class OwnMounts {
 public:
  explicit OwnMounts(const FarmWork& work) : work_(work) {}

  /// Binds each tree that needs other flags than the mount that it lies in to itself: a `suid` one, and one
  /// that is neither below `os` nor below `local`.  Warns of a `suid` one that is not at its path itself, but
  /// behind a symbolic link, and treats it like one without `suid`.
  Status make();

  /// Sets nosuid for `local`, and nosuid and nodev for the trees, but no nosuid for `suid` ones.  To be
  /// called after make().
  Status set_flags();

  /// The same for mounts that came later; not undone if a later step fails.
  Status set_flags_of_new_mounts();

 private:
  enum class Undo { recorded, never };
  bool may_be_suid(const OsEntry& entry, const std::string& target) const;
  Result<bool> make_one(const OsEntry& entry, int tree, bool suid, bool is_mounted);
  Result<bool> set_flags_of(const FlagAction& action, Undo undo);
  Result<std::size_t> set_all_flags(Undo undo);
  Result<std::size_t> set_flags_once(Undo undo, std::vector<std::string>& missed);
  std::string base_directory(const OsEntry& entry) const;
  bool close_os_of(const std::string& target, const Error& error);

  const FarmWork& work_;
  std::vector<FlagRule> rules_;
  std::vector<std::pair<std::string, const OsEntry*>> tops_;  // the trees in reach, and where they are
};

}  // namespace chos
