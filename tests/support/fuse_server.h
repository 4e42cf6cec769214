// SPDX-License-Identifier: BSD-3-Clause
// A FUSE file system with a server, in which every name is an empty directory.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/fuse.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <new>
#include <string>

#include "basic/files.h"

namespace chos::test {

class FuseServer {
 public:
  explicit FuseServer(const std::string& directory) {
    const UniqueFd fd(::open("/dev/fuse", O_RDWR | O_CLOEXEC));
    const std::string options = "fd=" + std::to_string(fd.get()) + ",rootmode=40000,user_id=0,group_id=0";
    void* memory = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (!fd || memory == MAP_FAILED ||
        ::mount("server", directory.c_str(), "fuse.near", 0, options.c_str()) != 0)
      return;
    shared_ = new (memory) Shared();
    pid_ = ::fork();
    if (pid_ == 0) serve(fd.get());
  }
  ~FuseServer() { end(); }
  FuseServer(const FuseServer&) = delete;
  FuseServer& operator=(const FuseServer&) = delete;

  bool is_there() const { return pid_ > 0; }
  pid_t pid() const { return pid_; }

  /// From now on the server reads requests and never answers: a process that waits for it cannot even be
  /// killed.
  void hang() { shared_->mute = true; }

  /// How many times a directory was opened.
  int opened() const { return shared_->opened; }

  /// Ends the server.  Processes that wait for it get an error.
  void end() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  struct Shared {
    std::atomic<bool> mute{false};
    std::atomic<int> opened{0};
  };

  template <typename Body>
  static void answer(int fd, const fuse_in_header& to, const Body& body) {
    fuse_out_header head{};
    head.len = static_cast<std::uint32_t>(sizeof head + sizeof body);
    head.unique = to.unique;
    iovec parts[] = {{&head, sizeof head}, {const_cast<Body*>(&body), sizeof body}};
    (void)!::writev(fd, parts, 2);
  }
  static void answer(int fd, const fuse_in_header& to, int error) {
    fuse_out_header head{};
    head.len = sizeof head;
    head.error = -error;
    head.unique = to.unique;
    (void)!::write(fd, &head, sizeof head);
  }
  static fuse_attr directory(std::uint64_t node) {
    fuse_attr attr{};
    attr.ino = node;
    attr.mode = S_IFDIR | 0755;
    attr.nlink = 2;
    return attr;
  }

  [[noreturn]] void serve(int fd) {
    alignas(fuse_in_header) static char request[1 << 17];
    for (std::uint64_t nodes = FUSE_ROOT_ID;;) {
      if (::read(fd, request, sizeof request) <= 0) {
        if (errno == EINTR || errno == ENOENT || errno == EAGAIN) continue;
        ::_exit(0);
      }
      fuse_in_header to{};
      std::memcpy(&to, request, sizeof to);
      if (to.opcode == FUSE_OPENDIR) ++shared_->opened;
      if (to.opcode != FUSE_INIT && shared_->mute) continue;
      switch (to.opcode) {
        case FUSE_INIT: {
          fuse_init_out init{};
          init.major = FUSE_KERNEL_VERSION;
          init.minor = FUSE_KERNEL_MINOR_VERSION;
          init.max_write = 4096;
          answer(fd, to, init);
          break;
        }
        case FUSE_LOOKUP: {
          fuse_entry_out entry{};
          entry.nodeid = ++nodes;
          entry.entry_valid = 3600;
          entry.attr = directory(nodes);
          answer(fd, to, entry);
          break;
        }
        case FUSE_GETATTR: {
          fuse_attr_out attr{};
          attr.attr = directory(to.nodeid);
          answer(fd, to, attr);
          break;
        }
        case FUSE_OPENDIR: answer(fd, to, fuse_open_out{}); break;
        case FUSE_READDIR: answer(fd, to, 0); break;
        case FUSE_RELEASEDIR: answer(fd, to, 0); break;
        case FUSE_FORGET:
        case FUSE_BATCH_FORGET: break;
        default: answer(fd, to, ENOSYS);
      }
    }
  }

  Shared* shared_ = nullptr;
  pid_t pid_ = -1;
};

}  // namespace chos::test
