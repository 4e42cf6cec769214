// SPDX-License-Identifier: BSD-3-Clause
// What the trees lack of what the farm is to show in them, and where it can be added without writing
// into them: at the deepest directory that a tree has on the way.  Only looks.
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
  std::string path;    ///< a wish: absolute, as in the OS; in a layer: below its place, without '/'
  std::string target;  ///< the text of a link
};

/// The additions at one directory.
struct Layer {
  std::string place;                ///< as in the tree, without symbolic links: "/usr/local/bin"
  UniqueFd lower;                   ///< the tree's own directory, O_PATH
  bool empty = false;               ///< it has no entries
  std::vector<Addition> additions;  ///< sorted by path
};

/// A wish that cannot be met, and why ("/var holds directories that users write in").
struct Unmet {
  Addition wish;
  std::string reason;
};

struct LayerPlan {
  std::vector<Layer> layers;  ///< an outer place before an inner one
  std::vector<Unmet> unmet;
};

/// Of `wishes`, those of which the tree that `tree` is open on (O_PATH) has nothing, not even a
/// symbolic link.  Links on the way are followed inside the tree.
LayerPlan plan_layers(int tree, const std::vector<Addition>& wishes);

/// Why a read-only layer may not be put over `place`, which `fd` is open on: users write there, or in
/// a directory of it.  Empty: it may.
std::string cover_problem(const std::string& place, int fd);

}  // namespace chos
