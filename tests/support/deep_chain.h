// SPDX-License-Identifier: BSD-3-Clause
// Directories in each other, more than descriptors may be open.
#pragma once

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <string>

#include "basic/files.h"

namespace chos::test {

/// Makes `levels` directories in each other below `directory`, each with a file.  False if that fails.
inline bool make_chain(const std::string& directory, int levels) {
  UniqueFd at(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  for (int level = 0; at && level < levels; ++level) {
    const UniqueFd file(::openat(at.get(), "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    if (!file || ::mkdirat(at.get(), "d", 0755) != 0) return false;
    at = UniqueFd(::openat(at.get(), "d", O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
  return static_cast<bool>(at);
}

/// Lets this process open few descriptors.  The destructor restores the limit.
class FewDescriptors {
 public:
  explicit FewDescriptors(rlim_t most) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit few{most, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &few);
  }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;
  ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

}  // namespace chos::test
