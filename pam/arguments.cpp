// SPDX-License-Identifier: BSD-3-Clause
#include "pam/arguments.h"

namespace chos::pam {

Options options_of_module(int count, const char** words) {
  return parse_options(std::vector<std::string>(words, words + count));
}

}  // namespace chos::pam
