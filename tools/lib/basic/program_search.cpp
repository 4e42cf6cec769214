// SPDX-License-Identifier: BSD-3-Clause
#include "basic/program_search.h"

#include <sys/stat.h>

#include <climits>
#include <cstdlib>

#include "basic/files.h"
#include "basic/text.h"

namespace chos {
namespace {

bool is_chos_base(const std::string& file, const struct stat& info, const std::optional<FileIdentity>& self) {
  if (self && info.st_dev == self->device && info.st_ino == self->inode) return true;
  // Another copy: two that find each other would never end.
  char real[PATH_MAX];
  return ::realpath(file.c_str(), real) != nullptr && std::string_view(real).ends_with("/chos-base");
}

}  // namespace

std::optional<FileIdentity> identity_of(const std::string& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) return std::nullopt;
  return FileIdentity{info.st_dev, info.st_ino};
}

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

}  // namespace chos
