// SPDX-License-Identifier: BSD-3-Clause
#include "tree/make_link.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "basic/files.h"

namespace chos {

Status make_link(const std::string& link, const std::string& text) {
  if (read_link(AT_FDCWD, link) == text) return {};
  std::error_code failure;
  std::filesystem::create_directories(std::filesystem::path(link).parent_path(), failure);
  if (failure)
    return system_error("cannot make the directory of " + link, failure.value(),
                        "is /run mounted and writable?");
  const std::string fresh = link + ".new";
  if ((::unlink(fresh.c_str()) != 0 && errno != ENOENT) || ::symlink(text.c_str(), fresh.c_str()) != 0 ||
      std::rename(fresh.c_str(), link.c_str()) != 0)
    return system_error("cannot make the link " + link, errno);
  return {};
}

}  // namespace chos
