// SPDX-License-Identifier: BSD-3-Clause
// Mounts that are made or copied while unattached, and attached when they are complete.  An unattached
// mount disappears when its descriptor is closed.
#pragma once

#include <string>

#include "basic/files.h"
#include "basic/result.h"
#include "basic/transaction.h"
#include "mount/open.h"

namespace chos {

/// Copies the mount that `fd` is open on; the directory or file that `fd` is open on becomes the root of the
/// copy.  `with_below` copies the mounts below it too.  The copy has the propagation of the original.
Result<UniqueFd> clone_mount(int fd, bool with_below, const std::string& name);

/// Makes a read-only, private overlay of two open directories, `upper` over `lower`, with `flags` (see
/// MountFlag).  `source` is the source that the mount table shows.  Code ENODEV: the kernel has no
/// overlayfs.
Result<UniqueFd> make_overlay(const std::string& source, int upper, int lower, unsigned flags);

/// Drops what an overlay has cached of its directories, so that changes made in them become visible.  `fd` is
/// open on the root of the overlay, `flags` are the flags that it has and keeps.
Status refresh_overlay(int fd, unsigned flags, const std::string& name);

/// Attaches `mount` on the directory or file that `target` is open on.  A mount that is attached elsewhere is
/// moved with all mounts below it; it must then be private.
Status attach_mount(int mount, int target, const std::string& name);

/// Replaces the mount that `old` is open on, which is on `place`, by `mount`.  From Linux 6.5 on, one of the
/// two is visible there at any moment.  Earlier kernels unmount the old one first; after an error it, or a
/// copy of it, is there, unless the place was moved at that moment.
Status exchange_mount(int mount, int old, const Place& place, const std::string& name);

/// Unmounts the mount that `fd` is open on, and records in `changes` as `what` how to undo that: attaching a
/// copy of it to `place`.  with_below: as for clone_mount().
Status detach_recorded(int fd, const Place& place, bool with_below, const std::string& what,
                       const std::string& name, Transaction& changes);

/// A place to attach a mount to while other mounts are added below it, before it is moved to its target.  It
/// is a directory that stays bound to itself for the lifetime of the object.
class Stage {
 public:
  /// Makes the directory if it does not exist.
  static Result<Stage> open(const std::string& directory);
  Stage(Stage&& other) noexcept;
  Stage& operator=(Stage&&) = delete;
  ~Stage();

  /// Attaches a mount to it.
  Status enter(int mount) const { return attach_mount(mount, fd_.get(), directory_); }

 private:
  Stage(std::string directory, UniqueFd fd) : directory_(std::move(directory)), fd_(std::move(fd)) {}
  std::string directory_;
  UniqueFd fd_;  // the mount
};

}  // namespace chos
