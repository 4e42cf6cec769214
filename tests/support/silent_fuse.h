// SPDX-License-Identifier: BSD-3-Clause
// A FUSE file system whose server never answers.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <string>

#include "basic/files.h"

namespace chos::test {

/// Mounts a server that is silent as long as the descriptor is open.  Root waits for that of root, and that
/// of another `owner` refuses root everything.  No descriptor: there is no /dev/fuse.
inline UniqueFd mount_silent_fuse(const std::string& directory, unsigned owner = 0) {
  UniqueFd fd(::open("/dev/fuse", O_RDWR | O_CLOEXEC));
  const std::string id = std::to_string(owner);
  const std::string options =
      "fd=" + std::to_string(fd.get()) + ",rootmode=40000,user_id=" + id + ",group_id=" + id;
  if (fd) {
    EXPECT_EQ(::mount("server", directory.c_str(), "fuse.far", 0, options.c_str()), 0) << directory;
  }
  return fd;
}

}  // namespace chos::test
