// SPDX-License-Identifier: BSD-3-Clause
#include "farm/lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>

namespace chos {

Result<UniqueFd> lock_node(const std::string& path) {
  ::mkdir(path.substr(0, path.rfind('/')).c_str(), 0755);
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd) return system_error("cannot open the lock " + path, errno);
  while (::flock(fd.get(), LOCK_EX) != 0)
    if (errno != EINTR) return system_error("cannot lock " + path, errno);
  return fd;
}

}  // namespace chos
