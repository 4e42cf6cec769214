// SPDX-License-Identifier: BSD-3-Clause
// Arguments of pam_chos_test.so: those of pam_chos.so, and proc=DIRECTORY, which stands for /proc/chos.
#include "pam/arguments.h"

namespace chos::pam {

Options options_of_module(int count, const char** words) {
  std::vector<std::string> ordinary;
  std::string proc;
  for (const auto& word : std::vector<std::string>(words, words + count)) {
    if (word.starts_with("proc=")) proc = word.substr(5);
    else ordinary.push_back(word);
  }
  Options options = parse_options(ordinary);
  if (!proc.empty()) options.proc = proc;
  return options;
}

}  // namespace chos::pam
