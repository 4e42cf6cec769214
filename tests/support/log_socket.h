// SPDX-License-Identifier: BSD-3-Clause
// A socket that stands for /dev/log in tests.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <string>
#include <vector>

namespace chos::test {

class LogSocket {
 public:
  LogSocket() = default;
  LogSocket(const LogSocket&) = delete;
  LogSocket& operator=(const LogSocket&) = delete;
  ~LogSocket() {
    if (fd_ >= 0) ::close(fd_);
  }

  /// Creates the socket at `path`.
  void listen(const std::string& path) {
    fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_un address {};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  /// The messages received since the last call.
  std::vector<std::string> lines() const {
    std::vector<std::string> all;
    char line[4096];
    for (ssize_t got; (got = ::recv(fd_, line, sizeof line, 0)) >= 0;)
      all.emplace_back(line, static_cast<std::size_t>(got));
    return all;
  }

 private:
  int fd_ = -1;
};

}  // namespace chos::test
