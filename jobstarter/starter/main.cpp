// SPDX-License-Identifier: BSD-3-Clause
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "lib/exit_status.h"
#include "starter/start.h"

int main(int argc, char** argv) {
  try {
    std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
    // A starter_method of Grid Engine is a path, without arguments.
    const std::string name = argc > 0 ? argv[0] : "";
    if (name.substr(name.rfind('/') + 1) == "chos_sge_starter")
      arguments.insert(arguments.begin(), "--sge");
    const auto parsed = chos::starter::parse_options(arguments);
    if (const int* status = std::get_if<int>(&parsed)) return *status;
    return chos::starter::start(std::get<chos::starter::Options>(parsed));
  } catch (const std::exception& error) {
    std::cerr << "chos_jobstarter: " << error.what() << "; the job was not started\n";
    return chos::exit_cannot;
  }
}
