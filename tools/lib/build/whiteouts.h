// SPDX-License-Identifier: BSD-3-Clause
// What a layer of a container image hides of the layers below, by entries whose names begin with ".wh.".
#pragma once

#include <string>
#include <unordered_set>

#include "basic/result.h"

namespace chos {

/// What the name of a layer's entry means.
struct Whiteout {
  enum class Kind {
    none,     ///< the entry belongs to the tree
    ignored,  ///< it belongs to the bookkeeping of aufs
    name,     ///< it hides `path`
    content,  ///< it hides what is in the directory `path`
  };
  Kind kind = Kind::none;
  std::string path = {};     ///< in the tree, "/a/b"
  std::string problem = {};  ///< what is wrong with it, or empty
};

/// The meaning of an entry's name, which is sound as far as placement_problem() knows.
Whiteout whiteout_of(const std::string& name);

/// One layer while it is unpacked to the root directory of this process, above those below it.
class LayerContent {
 public:
  /// Notes that an entry of the layer is at `path`, wherever the layer names a whiteout for it.
  void add(const std::string& path);

  /// Removes `path`, or what is in that directory, but for entries of this layer.  No directory above it may
  /// be a symbolic link; it may be missing.
  Status hide(const std::string& path) const;
  Status hide_content(const std::string& directory) const;

 private:
  std::unordered_set<std::string> own_;  // with the directories above
};

}  // namespace chos
