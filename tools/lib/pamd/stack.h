// SPDX-License-Identifier: BSD-3-Clause
// The session stack of a service: the session rules of its file and of all files that it includes.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "basic/result.h"
#include "pamd/parse.h"

namespace chos {

/// Returns the text of an included file, by the name in the rule.
using PamReader = std::function<Result<std::string>(const std::string& name)>;

/// A rule of the session stack.
struct PamEntry {
  std::string file;     ///< the file that contains it
  std::string through;  ///< the file that the service includes to get there; empty: its own file
  PamRule rule;
  unsigned level = 0;  ///< depth of nested substacks
};

struct PamStack {
  std::vector<PamEntry> entries;      ///< in the order of execution; a substack's rules follow its rule
  std::vector<std::string> included;  ///< names of the included files, each once
};

/// The session stack of a file.
///
/// Errors: an included file cannot be read (the reader's code) or is not understood (EINVAL); files
/// include each other without end (ELOOP).
Result<PamStack> session_stack(const PamFile& file, const PamReader& reader);

/// Checks that a rule at the end of this stack would be reached, and that it would not be the only one,
/// on whose result the session would depend.  Error: EINVAL.  `warnings`: cases in which the rule may
/// not be reached.
Status check_end_is_reached(const PamFile& file, const PamStack& stack, std::vector<std::string>& warnings);

}  // namespace chos
