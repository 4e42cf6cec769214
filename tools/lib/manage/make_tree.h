// SPDX-License-Identifier: BSD-3-Clause
// Making the tree of a new generation, from its source to its place in the store.
#pragma once

#include <string>

#include "manage/context.h"
#include "store/source.h"

namespace chos {

/// What a new generation is to be.
struct NewTree {
  std::string name;
  unsigned generation = 1;
  std::string previous;  ///< the path that the name has now; "" if it is new
  Source source;
  BuildOptions options;
};

/// Builds the tree in the working directory, checks that it is fit for use, sums it up and moves it to
/// its place.  Nothing of it stays in the store after an Error.
Result<TreeRecord> make_tree(const ManageContext& context, const NewTree& wanted);

}  // namespace chos
