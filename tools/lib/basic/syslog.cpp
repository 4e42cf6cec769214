// SPDX-License-Identifier: BSD-3-Clause
#include "basic/syslog.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "basic/text.h"

namespace chos {
namespace {

// In the format of RFC 3164, without the time, which the receiver adds.
UniqueFd connect_log(const char* path) {
  struct sockaddr_un address {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  // Non-blocking: a log daemon that hangs must not hold up a login.
  UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (fd && ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fd.reset();
  return fd;
}

}  // namespace

Syslog::Syslog(const std::string& program, const std::string& service, const char* socket)
    : program_(program), service_(service), socket_(connect_log(socket)) {}

std::string Syslog::line(int priority, const std::string& text) const {
  return "<" + std::to_string(LOG_AUTHPRIV | priority) + ">" + program_ + "[" + std::to_string(::getpid()) +
         "]: (" + service_ + ") " + escaped(text);
}

void Syslog::send(const std::string& line) const noexcept {
  if (!socket_) return;
  if (::send(socket_.get(), line.data(), line.size(), MSG_NOSIGNAL) >= 0 || errno != EAGAIN) return;
  // Many logins at once can fill its queue for a moment.
  struct pollfd room {
    socket_.get(), POLLOUT, 0
  };
  if (::poll(&room, 1, 200) > 0) (void)::send(socket_.get(), line.data(), line.size(), MSG_NOSIGNAL);
}

}  // namespace chos
