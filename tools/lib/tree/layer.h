// SPDX-License-Identifier: BSD-3-Clause
// Layers: files, directories and links that chos adds to the trees, in the farm only.  The additions of a
// layer are made below /run/chos/layer, which only root may enter, in a directory named after its content.
// They are mounted over a directory of the tree: as an overlay on it, or alone if that directory is empty.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "basic/files.h"
#include "basic/transaction.h"
#include "mount/detached.h"
#include "mount/mountinfo.h"
#include "tree/layer_plan.h"

namespace chos {

/// Makes the directory of additions if it does not exist, and returns its path.  It gets the owner and mode
/// of the tree's directory, since an overlay shows those of its upper directory.
Result<std::string> make_additions(const std::string& layers, const Layer& layer);

/// The source that the mount table shows for the overlay of `additions` on the open directory `lower`.
Result<std::string> overlay_source(const std::string& additions, int lower);

/// Mounts and unmounts layers in the farm.  Reads the mount table when it is made, and again only for a layer
/// that lies on one that was mounted with copies of the mounts below it.
class LayerMounts {
 public:
  /// layers: the directory of all additions; layer_directory except in tests.
  static Result<LayerMounts> read(std::string layers, Transaction& changes);

  enum class Outcome { already, mounted, no_overlayfs };

  /// Mounts `layer` on its place in the tree; `tree` is open on the root of the tree in the farm.  Mounts
  /// below that place stay if the layer has their mount points.  An overlay that is mounted already drops its
  /// caches. flags: of the mount, in addition to ro.
  Result<Outcome> show(int tree, const Layer& layer, unsigned flags);

  /// Unmounts the layers of the tree that are on other places than those of `plan`, and returns their number.
  /// To be called before show().
  Result<std::size_t> remove_others(int tree, const LayerPlan& plan);

 private:
  LayerMounts(std::string layers, Transaction& changes, MountTable table);

  bool is_ours(const Mount& mount) const;
  Result<UniqueFd> make_mount(const Layer& layer, const std::string& additions, const std::string& source,
                              unsigned flags) const;
  std::vector<const Mount*> below(const std::string& target) const;
  // Where a layer is to be mounted.
  struct Spot {
    int fd;  // open on the place: on the directory, or on the root of the layer to replace
    const Place& place;
    std::string target;  // its path, for messages and to look it up in the mount table
    bool replace;
  };
  Status put(int mount, const Spot& at);
  Status carry(int mount, const std::string& target);
  Status refresh_table(const std::string& target);
  const Mount* layer_on(int place, const std::string& target) const;
  Status mount_over(UniqueFd fresh, const Spot& at, unsigned flags);

  std::string layers_;
  Transaction* changes_;
  MountTable table_;
  std::string device_, root_;        // of layers_
  std::vector<std::string> copied_;  // targets with copies of mounts that table_ does not have
  std::optional<Stage> stage_;
};

/// Removes all additions.  None of them may be mounted any more.
Status remove_additions(const std::string& layers);

}  // namespace chos
