// SPDX-License-Identifier: BSD-3-Clause
// Layers: what chos adds to the trees, in the farm only.  The additions of a layer are made below
// /run/chos/layer, in a directory named after what is in it, and are mounted over a directory of the
// tree: as an overlay on it, or alone where that directory is empty.
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

/// Makes the directory of additions if it is not there, and returns its path.  It gets owner and mode
/// of the tree's directory, since the overlay shows those of the upper one.
Result<std::string> make_additions(const std::string& layers, const Layer& layer);

/// A file name for what a file or a layer holds.
std::string name_of_content(const std::string& text);

/// What the mount table says as the source of the overlay of `additions` on an open directory.
Result<std::string> overlay_source(const std::string& additions, int lower);

/// Mounts layers in the farm and takes them away.  It reads the mount table when it is made, and again
/// only where a layer lies on one that it has mounted with copies of what was there.
class LayerMounts {
 public:
  /// `layers` is layer_directory, but in tests.
  static Result<LayerMounts> read(std::string layers, Transaction& changes);

  enum class Outcome { already, mounted, no_overlayfs };

  /// Makes `layer` what is mounted on its place in the tree, of which `tree` is open on the root in
  /// the farm.  What is mounted below that place stays, if the layer has it.  An overlay that is as it
  /// should be forgets what it has cached.  `flags`: those of the mount, besides ro.
  Result<Outcome> show(int tree, const Layer& layer, unsigned flags);

  /// Takes away the layers of the tree that lie elsewhere than those of `plan`; to be called before
  /// show().  Returns how many.
  Result<std::size_t> remove_others(int tree, const LayerPlan& plan);

 private:
  LayerMounts(std::string layers, Transaction& changes, MountTable table);

  bool is_ours(const Mount& mount) const;
  Result<UniqueFd> make_mount(const Layer& layer, const std::string& additions, const std::string& source,
                              unsigned flags) const;
  std::vector<const Mount*> below(const std::string& target) const;
  Status put(int mount, const std::string& target, bool replace);
  Status carry(int mount, const std::string& target);

  std::string layers_;
  Transaction* changes_;
  MountTable table_;
  std::string device_, root_;        // of layers_
  std::vector<std::string> copied_;  // where it has put copies that table_ does not know
  std::optional<Stage> stage_;
};

/// Removes all additions, once nothing shows them any more.
Status remove_additions(const std::string& layers);

}  // namespace chos
