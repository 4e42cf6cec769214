// SPDX-License-Identifier: BSD-3-Clause
#include "basic/program_search.h"

#include <sys/stat.h>

#include <climits>
#include <cstdlib>

#include "basic/text.h"

namespace chos {
namespace {

bool is_chos_base(const std::string& file, const struct stat& info, const std::optional<FileIdentity>& self) {
  if (self && *self == FileIdentity{info.st_dev, info.st_ino}) return true;
  // Another copy: two that find each other would never end.
  char real[PATH_MAX];
  return ::realpath(file.c_str(), real) != nullptr && std::string_view(real).ends_with("/chos-base");
}

}  // namespace

FoundCommand find_command(const std::string& name, const std::string& path,
                          const std::optional<FileIdentity>& self) {
  FoundCommand found;
  for (const auto directory : split(path, ':')) {
    if (!directory.starts_with('/')) continue;
    const std::string file = std::string(directory) + (directory.ends_with('/') ? "" : "/") + name;
    struct stat info {};
    if (::stat(file.c_str(), &info) != 0 || S_ISDIR(info.st_mode)) continue;
    if (is_chos_base(file, info, self)) {
      found.itself = true;
    } else if (executable(file)) {
      found.file = file;
      return found;
    } else if (found.denied.empty()) {
      found.denied = file;
    }
  }
  return found;
}

std::string find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return executable(name) ? name : "";
  const char* own = std::getenv("PATH");
  return find_command(name, (own == nullptr ? std::string() : own) + ":" + system_search_path, {}).file;
}

}  // namespace chos
