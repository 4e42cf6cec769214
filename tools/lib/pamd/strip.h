// SPDX-License-Identifier: BSD-3-Clause
// A file of /etc/pam.d without the lines that chosctl added.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "basic/result.h"
#include "pamd/parse.h"

namespace chos {

struct PamStripped {
  std::string text;
  bool was_marked = false;             ///< the file had a rule from chosctl
  std::size_t adopted = 0;             ///< line of a rule written by hand that was removed as well
  std::vector<std::string> arguments;  ///< of the rule that was removed
};

/// Removes chosctl's comments and the session rules for pam_chos.so below them.  With `adopt`, a rule
/// that was written by hand is removed as well.  Error: EINVAL if the file has several rules for
/// pam_chos.so and some were written by hand.
Result<PamStripped> strip_pam(const PamFile& file, bool adopt);

}  // namespace chos
