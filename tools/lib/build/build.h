// SPDX-License-Identifier: BSD-3-Clause
// From a SOURCE to a tree, beside those that are published.
#pragma once

#include <string>

#include "basic/result.h"
#include "basic/work_progress.h"
#include "store/build_options.h"
#include "store/source.h"
#include "store/store.h"

namespace chos {

/// What build() has made in the working directory.
struct Built {
  TreeRecord::Kind kind = TreeRecord::Kind::tree;
  std::string root;    ///< where the tree can be looked at
  std::string origin;  ///< as in TreeRecord
};

/// Makes the tree of `source` below the empty directory `work`; programs' output goes to `log`.
/// An image is copied to WORK/image and mounted read-only on WORK/mount.
Result<Built> build(const Source& source, const BuildOptions& options, const std::string& work,
                    const std::string& log, WorkProgress& progress);

}  // namespace chos
