// SPDX-License-Identifier: BSD-3-Clause
// Mounts that are made, or copied, apart from the tree of mounts and attached when they are complete.
// An unattached mount disappears when its descriptor is closed.
#pragma once

#include <string>

#include "basic/files.h"
#include "basic/result.h"
#include "basic/transaction.h"

namespace chos {

/// A copy of the mount that `fd` is open on, from what it is open on downwards; with all that is
/// mounted below if `with_below`.  Its propagation is that of the original.
Result<UniqueFd> clone_mount(int fd, bool with_below, const std::string& name);

/// A read-only, private overlay of two open directories, `upper` over `lower`, with `flags` (see
/// MountFlag).  `source` is what the mount table shows as such.  Code ENODEV: the kernel has no
/// overlayfs.
Result<UniqueFd> make_overlay(const std::string& source, int upper, int lower, unsigned flags);

/// Drops what an overlay, `fd` open on its root, has cached of the directories below it, so that
/// changes made there are seen.  `flags` are those that it has.
Status refresh_overlay(int fd, unsigned flags, const std::string& name);

/// Attaches `mount` on what `target` is open on.  A mount that is attached elsewhere is moved, with
/// all below it; that must not propagate.
Status attach_mount(int mount, int target, const std::string& name);

/// Attaches `mount` in the place of the mount that is found at `target`.  From Linux 6.5 on there is
/// no moment in which neither is there.
Status exchange_mount(int mount, const std::string& target);

/// Detaches the mount at `target`, whose root `fd` is open on, with all below it.  Undoing `changes` attaches
/// a copy again: of the mount, and of those below it if `with_below`.  `what` is for Transaction::done().
Status detach_undoably(int fd, const std::string& target, bool with_below, const std::string& what,
                       Transaction& changes);

/// A place where mounts can be mounted on a mount that is not yet where it belongs: a directory, bound
/// to itself as long as this lives.
class Stage {
 public:
  /// Makes the directory if it is not there.
  static Result<Stage> open(const std::string& directory);
  Stage(Stage&& other) noexcept;
  Stage& operator=(Stage&&) = delete;
  ~Stage();

  /// Puts a mount on it.
  Status enter(int mount) const { return attach_mount(mount, fd_.get(), directory_); }

 private:
  Stage(std::string directory, UniqueFd fd) : directory_(std::move(directory)), fd_(std::move(fd)) {}
  std::string directory_;
  UniqueFd fd_;
};

}  // namespace chos
