// SPDX-License-Identifier: BSD-3-Clause
#include "build/builders.h"

namespace chos {

bool reports_no_answer(const std::string& output) {
  for (const char* said :
       {"Connection failed", "onnection timed out", "Could not connect", "Could not resolve",
        "Temporary failure resolving", "Curl error (6)", "Curl error (7)", "Curl error (28)"})
    if (output.find(said) != std::string::npos) return true;
  return false;
}

}  // namespace chos
