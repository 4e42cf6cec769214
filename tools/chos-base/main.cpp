// SPDX-License-Identifier: BSD-3-Clause
#include <exception>

#include "basic/exit_status.h"
#include "basic/messages.h"
#include "chos-base/run.h"

int main(int argc, char** argv) {
  try {
    const auto parsed = chos::base::parse_options({argv, argv + argc});
    if (const int* status = std::get_if<int>(&parsed)) return *status;
    return chos::base::run(std::get<chos::base::Request>(parsed));
  } catch (const std::exception& error) {
    chos::Messages("chos-base").error(error.what());
    return chos::exit_cannot;
  }
}
