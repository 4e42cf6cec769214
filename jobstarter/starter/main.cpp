// SPDX-License-Identifier: BSD-3-Clause
#include <sys/auxv.h>

#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "lib/exit_status.h"
#include "starter/start.h"

namespace {

// A starter_method of Grid Engine is a path, without arguments.  Its name is that of the file: argv[0]
// is the shell's with shell_start_mode script_from_stdin.
bool is_starter_method() {
  const auto* file = reinterpret_cast<const char*>(::getauxval(AT_EXECFN));
  const std::string name = file == nullptr ? "" : file;
  return name.substr(name.rfind('/') + 1) == "chos_sge_starter";
}

}  // namespace

int main(int argc, char** argv) {
  try {
    std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
    if (is_starter_method()) arguments.insert(arguments.begin(), "--sge");
    const auto parsed = chos::starter::parse_options(arguments);
    if (const int* status = std::get_if<int>(&parsed)) return *status;
    return chos::starter::start(std::get<chos::starter::Options>(parsed));
  } catch (const std::exception& error) {
    std::cerr << "chos_jobstarter: " << error.what() << "; the job was not started\n";
    return chos::exit_cannot;
  }
}
