// SPDX-License-Identifier: BSD-3-Clause
// Plans layers: finds what a tree lacks of the files that the farm is to show in it, and the places to add
// them without writing into the tree.  The place is the deepest directory on the way that the tree has.
// Changes nothing.
#pragma once

#include <string>
#include <vector>

#include "basic/files.h"

namespace chos {

struct Addition {
  enum class Kind {
    directory,  ///< empty, to mount on
    file,       ///< empty, to mount on
    link,
  };
  Kind kind = Kind::directory;
  std::string path;    ///< in a wish: absolute, as in the OS; in a layer: relative to its place
  std::string target;  ///< the text of a link
};

/// The additions at one directory.
struct Layer {
  std::string place;                ///< as in the tree, without symbolic links: "/usr/local/bin"
  UniqueFd lower;                   ///< the tree's own directory, O_PATH
  bool empty = false;               ///< it has no entries
  std::vector<Addition> additions;  ///< sorted by path
};

/// A wish that cannot be met, and the reason ("everybody may write in /var/tmp").
struct Unmet {
  Addition wish;
  std::string reason;
};

struct LayerPlan {
  std::vector<Layer> layers;  ///< an outer place before an inner one
  std::vector<Unmet> unmet;
};

/// Plans layers for the wishes whose paths do not exist in a tree, not even as symbolic links.  `tree` is
/// open on the tree (O_PATH).  Links on the way are followed inside the tree.
LayerPlan plan_layers(int tree, const std::vector<Addition>& wishes);

/// Why a read-only layer must not cover `place`, which `fd` is open on: users write there, or in a directory
/// below it. Empty if it may.
std::string cover_problem(const std::string& place, int fd);

}  // namespace chos
