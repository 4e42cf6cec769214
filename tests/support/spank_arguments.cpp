// SPDX-License-Identifier: BSD-3-Clause
// Arguments of the plugin that the tests load: allowlist=FILE, proc=DIRECTORY, log=SOCKET.
#include "spank/arguments.h"

namespace chos::spank {

Paths take_paths(std::vector<std::string>& words) {
  Paths paths;
  std::erase_if(words, [&paths](const std::string& word) {
    const auto is = [&word](const char* key, std::string& path) {
      if (!word.starts_with(key)) return false;
      path = word.substr(std::string(key).size());
      return true;
    };
    return is("allowlist=", paths.allowlist) || is("proc=", paths.proc) || is("log=", paths.log);
  });
  return paths;
}

}  // namespace chos::spank
