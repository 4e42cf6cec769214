// SPDX-License-Identifier: BSD-3-Clause
#include "basic/lock.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <vector>

#include "basic/child_process.h"
#include "basic/process_info.h"
#include "basic/replace_file.h"
#include "basic/text.h"

namespace chos {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t longest_fdinfo = std::size_t{64} * 1024;
constexpr std::size_t longest_mount_table = std::size_t{64} * 1024 * 1024;
constexpr std::size_t most_named = 3;

// The value in a file's line "NAME:VALUE" with blanks around the value; "" if it has none.
std::string value_of(const std::string& text, std::string_view name) {
  for (const auto line : split(text, '\n'))
    if (line.starts_with(name) && line.substr(name.size()).starts_with(':'))
      return std::string(trimmed(line.substr(name.size() + 1)));
  return {};
}

// A file, and how the kernel names it in the fdinfo of who has locked it: "MAJOR:MINOR:INODE".
struct LockedFile {
  std::string path, name;
};

// fstat(2) would not do: btrfs and overlayfs show other numbers there than those of the file system itself,
// which are in the table of mounts.  "" if it is not known.
std::string name_in_fdinfo(int fd) {
  const auto info = read_file("/proc/self/fdinfo/" + std::to_string(fd), longest_fdinfo);
  const auto table = read_file("/proc/self/mountinfo", longest_mount_table);
  const auto identity = identity_of(fd);
  if (!info || !table || !identity) return {};
  std::string inode = value_of(*info, "ino");
  if (inode.empty()) inode = std::to_string(identity->inode);  // before Linux 5.14
  const std::string mount = value_of(*info, "mnt_id");
  for (const auto line : split(*table, '\n')) {
    const auto words = split(line, ' ');
    if (words.size() < 3 || words[0] != mount) continue;
    unsigned major = 0, minor = 0;
    if (std::sscanf(std::string(words[2]).c_str(), "%u:%u", &major, &minor) != 2) return {};
    char device[32];
    std::snprintf(device, sizeof device, "%02x:%02x:", major, minor);
    return device + inode;
  }
  return {};
}

// Whether the text is that of a descriptor that holds a lock on the file:
//   lock: 1: FLOCK  ADVISORY  WRITE 71 00:1a:1234 0 EOF
bool has_lock(const std::string& fdinfo, const std::string& file) {
  if (file.empty()) return false;
  for (const auto line : split(fdinfo, '\n')) {
    if (!line.starts_with("lock:") || line.find(" FLOCK ") == std::string_view::npos) continue;
    const auto words = split(line, ' ');
    if (std::find(words.begin(), words.end(), file) != words.end()) return true;
  }
  return false;
}

// Whether a process holds the lock by one of its descriptors.  The file behind a descriptor is never
// examined: it may be on a server that does not answer.  Its path alone proves nothing: a user can make a
// file of the same path in a mount namespace of their own, and lock that.
bool holds(const std::string& process, const LockedFile& file) {
  const auto descriptors = names_in(process + "/fd");
  if (!descriptors) return false;
  return std::any_of(descriptors->begin(), descriptors->end(), [&](const std::string& fd) {
    if (read_link(AT_FDCWD, process + "/fd/" + fd) != file.path) return false;
    const auto info = read_file(process + "/fdinfo/" + fd, longest_fdinfo);
    return info && has_lock(*info, file.name);
  });
}

std::vector<pid_t> holders_of(int fd) {
  std::vector<pid_t> out;
  const LockedFile file{path_of(fd), name_in_fdinfo(fd)};
  const auto names = names_in("/proc");
  if (!names) return out;
  for (const auto& name : *names) {
    std::uint64_t pid = 0;
    if (parse_number(name, pid) && holds("/proc/" + name, file)) out.push_back(static_cast<pid_t>(pid));
  }
  return out;
}

// "process 71, 'chosctl up', and process 72, 'rpm'"; "" if there is none on this node.
std::string described(const std::vector<pid_t>& holders) {
  std::vector<std::string> out;
  for (const pid_t pid : holders) {
    if (out.size() == most_named) {
      out.push_back(std::to_string(holders.size() - most_named) + " more");
      break;
    }
    const auto about = describe_process(pid);
    out.push_back("process " + std::to_string(pid) + (about ? " " + in_quotes(about->command) : ""));
  }
  return listed(out);
}

std::string duration_text(std::chrono::milliseconds time) {
  const auto count = time.count();
  return count % 1000 == 0 ? std::to_string(count / 1000) + " s" : std::to_string(count) + " ms";
}

Error is_held(const std::string& path, int fd, std::chrono::milliseconds limit) {
  const auto holders = holders_of(fd);
  const std::string what =
      "the lock " + path +
      (limit.count() > 0 ? " was not free within " + duration_text(limit) : std::string(" is not free"));
  if (holders.empty())
    return Error{what + "; no process that this node sees holds it",
                 "look for a chosctl on other nodes that use the same directory, then run this again",
                 EWOULDBLOCK};
  const bool one = holders.size() == 1;
  return Error{what + ": " + described(holders) + (one ? " holds it" : " hold it"),
               std::string("wait until ") + (one ? "it has" : "they have") + " ended, or end it: kill " +
                   std::to_string(holders.front()) + "; then run this again",
               EWOULDBLOCK};
}

// Has a child wait for the lock: it belongs to the open file, which both processes share, and only a process
// can be stopped waiting for it.  Error: EWOULDBLOCK, EINTR, or why there is no child.
Status wait_for_lock(int fd, std::chrono::milliseconds limit) {
  auto pipe = make_pipe();
  if (!pipe) return pipe.error();
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) return system_error("cannot make a process that waits for a lock", errno);
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent || !set_up_child({.output = pipe->writer.get(), .kept = fd})) ::_exit(1);
    int locked = -1;
    do locked = ::flock(fd, LOCK_EX);
    while (locked != 0 && errno == EINTR);
    ::_exit(locked == 0 && write_all(1, "1") ? 0 : 1);
  }
  pipe->writer.reset();
  struct pollfd ready {
    pipe->reader.get(), POLLIN, 0
  };
  const int polled = ::poll(&ready, 1, static_cast<int>(limit.count()));
  const int why = errno;
  char byte = 0;
  const bool locked = polled > 0 && ::read(pipe->reader.get(), &byte, 1) == 1;
  ::kill(child, SIGKILL);
  wait_for_child(child);
  if (locked) return {};
  if (polled < 0) return system_error("interrupted while waiting for a lock", why);
  if (polled == 0) return Error{"", "", EWOULDBLOCK};
  return Error{"the process that waited for a lock has failed", "run this again", EIO};
}

Result<UniqueFd> open_lock(const std::string& path, bool inherited) {
  const std::filesystem::path file(path);
  const auto directory = file.parent_path().string();
  if (auto status = make_directories(directory, 0755); !status) return status.error();
  const auto above = open_guarded(directory, ::geteuid());
  if (!above) return above.error();
  UniqueFd fd(::openat(above->get(), file.filename().c_str(),
                       O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600));
  if (!fd) return system_error("cannot open the lock " + path, errno);
  if (auto status = check_trusted(fd.get(), ::geteuid(), path); !status) return status.error();
  // Whoever can open it can hold it.
  if (::fchmod(fd.get(), 0600) != 0 || (inherited && ::fcntl(fd.get(), F_SETFD, 0) != 0))
    return system_error("cannot prepare the lock " + path, errno);
  return fd;
}

// Takes the lock of an open file.
Status lock_file(int fd, const std::string& path, const LockOptions& options, Clock::time_point end,
                 bool& announced) {
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return {};
  if (errno != EWOULDBLOCK) return system_error("cannot lock " + path, errno);
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
  if (left.count() <= 0) return is_held(path, fd, options.limit);
  if (options.waiting && !announced) {
    announced = true;
    const auto holders = described(holders_of(fd));
    options.waiting(holders.empty() ? "a process that this node does not see" : holders);
  }
  auto status = wait_for_lock(fd, left);
  return status || status.error().code != EWOULDBLOCK ? status : is_held(path, fd, options.limit);
}

}  // namespace

Result<UniqueFd> take_lock(const std::string& path, const LockOptions& options) {
  const auto end = Clock::now() + options.limit;
  for (bool announced = false;;) {
    auto fd = open_lock(path, options.inherited);
    if (!fd) return fd.error();
    if (auto status = lock_file(fd->get(), path, options, end, announced); !status) return status.error();
    // The process that had it before may have removed it.
    if (same_file(fd->get(), path)) return fd;
  }
}

}  // namespace chos
