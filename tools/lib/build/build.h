// SPDX-License-Identifier: BSD-3-Clause
// From a SOURCE to a tree in a working directory.
#pragma once

#include <string>

#include "build/builders.h"

namespace chos {

/// Makes the tree of `source` below the empty directory `work`; the output of programs is appended to
/// the file `log`.  A directory is not copied.
Result<Built> build(const Source& source, const BuildOptions& options, const std::string& work,
                    const std::string& log, WorkProgress& progress);

}  // namespace chos
