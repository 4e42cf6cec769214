// SPDX-License-Identifier: BSD-3-Clause
// What the builders, one for each kind of source, get and return.
#pragma once

#include <string>

#include "basic/result.h"
#include "basic/work_progress.h"
#include "store/build_options.h"
#include "store/source.h"
#include "store/store.h"

namespace chos {

/// What a builder has made in the working directory.
struct Built {
  TreeRecord::Kind kind = TreeRecord::Kind::tree;
  std::string root;    ///< the directory in which the tree can be examined
  std::string origin;  ///< as in TreeRecord
};

struct BuildContext {
  const Source& source;
  const BuildOptions& options;
  const std::string& work;  ///< the working directory
  const std::string& log;   ///< the file that the output of programs is appended to
  WorkProgress& progress;
};

/// Whether the output of apt or dnf reports a server that does not answer.
bool reports_no_answer(const std::string& output);

}  // namespace chos
