/* SPDX-License-Identifier: BSD-3-Clause */
#include "sys.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstring>

#include "chos/abi.h"
#include "guest.h"

namespace chos::guest {

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = other.release();
  }
  return *this;
}

void Fd::reset() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

int Fd::release() {
  const int fd = fd_;
  fd_ = -1;
  return fd;
}

Fd open_file(const std::string& path, int flags, mode_t mode) {
  return Fd(static_cast<int>(sys(open(path.c_str(), flags | O_CLOEXEC, mode))));
}

int put_fd(int fd, std::string_view text) {
  const long written = sys(write(fd, text.data(), text.size()));
  if (written < 0) return static_cast<int>(written);
  return static_cast<size_t>(written) == text.size() ? 0 : -EIO;
}

int put(const std::string& path, std::string_view text) {
  const Fd fd = open_file(path, O_WRONLY);
  return fd ? put_fd(fd.get(), text) : fd.get();
}

std::string get(const std::string& path, int* error) {
  const Fd fd = open_file(path, O_RDONLY);
  std::string text;
  long got = fd ? 1 : fd.get();
  char buffer[16384];
  while (got > 0) {
    got = sys(read(fd.get(), buffer, sizeof buffer));
    if (got > 0) text.append(buffer, static_cast<size_t>(got));
  }
  if (error) {
    *error = static_cast<int>(got);
  } else if (got < 0) {
    fail(__FILE__, __LINE__, "read " + path + " gave " + show_result(got));
  }
  return text;
}

std::string read_in_pieces(int fd, size_t size) {
  std::string text;
  std::string piece(size, '\0');
  for (long got = 1; got > 0;) {
    got = CHECK_OK(sys(read(fd, piece.data(), size)));
    text.append(piece, 0, static_cast<size_t>(got));
  }
  return text;
}

std::string link_of(const std::string& path) {
  char buffer[PATH_MAX];
  const long size = sys(readlink(path.c_str(), buffer, sizeof buffer));
  if (size < 0) return "!" + show_result(size);
  return std::string(buffer, static_cast<size_t>(size));
}

std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  DIR* dir = opendir(directory.c_str());
  if (!dir) fail(__FILE__, __LINE__, "opendir " + directory + " gave " + show_result(-errno));
  while (const dirent* entry = readdir(dir)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  closedir(dir);
  std::sort(names.begin(), names.end());
  return names;
}

std::string working_directory() {
  char buffer[PATH_MAX];
  /* Not by libc's getcwd(), which turns "(unreachable)" into an error. */
  const long size = sys(syscall(SYS_getcwd, buffer, sizeof buffer));
  return size < 0 ? "!" + show_result(size) : std::string(buffer);
}

void make_dirs(const std::string& path, mode_t mode) {
  for (size_t at = 1; at != std::string::npos;) {
    at = path.find('/', at);
    const std::string part = path.substr(0, at);
    if (mkdir(part.c_str(), mode) < 0 && errno != EEXIST) {
      fail(__FILE__, __LINE__, "mkdir " + part + " gave " + show_result(-errno));
    }
    if (at != std::string::npos) ++at;
  }
}

void make_file(const std::string& path, std::string_view content, mode_t mode) {
  unlink(path.c_str());
  const Fd fd = open_file(path, O_WRONLY | O_CREAT | O_EXCL, mode);
  if (!fd) fail(__FILE__, __LINE__, "creating " + path + " gave " + show_result(fd.get()));
  CHECK_OK(put_fd(fd.get(), content));
}

void make_link(const std::string& target, const std::string& path) {
  unlink(path.c_str());
  if (symlink(target.c_str(), path.c_str()) < 0) {
    fail(__FILE__, __LINE__, "symlink " + path + " gave " + show_result(-errno));
  }
}

void remove_tree(const std::string& path) {
  struct stat info;
  if (lstat(path.c_str(), &info) < 0) return;
  if (!S_ISDIR(info.st_mode)) {
    CHECK_OK(sys(unlink(path.c_str())));
    return;
  }
  for (const auto& name : names_in(path)) remove_tree(path + "/" + name);
  if (rmdir(path.c_str()) < 0) {
    fail(__FILE__, __LINE__, "rmdir " + path + " gave " + show_result(-errno));
  }
}

void install_probe(const std::string& path, uid_t uid, gid_t gid, mode_t mode) {
  make_file(path, get("/proc/self/exe"), 0755);
  CHECK_OK(sys(chown(path.c_str(), uid, gid)));
  CHECK_OK(sys(chmod(path.c_str(), mode))); /* after chown, which clears setuid */
}

bool exists(const std::string& path) {
  struct stat info;
  return lstat(path.c_str(), &info) == 0;
}

int bind_mount(const std::string& from, const std::string& to, unsigned long flags) {
  return static_cast<int>(sys(mount(from.c_str(), to.c_str(), nullptr, MS_BIND | flags, nullptr)));
}

int mount_fs(const std::string& type, const std::string& to, unsigned long flags, const std::string& data) {
  return static_cast<int>(sys(mount(type.c_str(), to.c_str(), type.c_str(), flags, data.c_str())));
}

int set_mount(const std::string& at, unsigned long flags) {
  return static_cast<int>(sys(mount(nullptr, at.c_str(), nullptr, flags, nullptr)));
}

int umount_lazily(const std::string& at) { return static_cast<int>(sys(umount2(at.c_str(), MNT_DETACH))); }

std::vector<std::string> mount_points() {
  std::vector<std::string> points;
  int error = 0;
  std::istringstream lines(get("/proc/self/mountinfo", &error));
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string word;
    for (int i = 0; i < 5; ++i) words >> word;
    points.push_back(word);
  }
  return points;
}

std::map<std::string, std::string> version() {
  std::map<std::string, std::string> all;
  std::istringstream lines(get(CHOS_VERSION));
  std::string key, value;
  while (lines >> key >> value) all[key] = value;
  return all;
}

long counter(const std::string& key) {
  const auto all = version();
  const auto found = all.find(key);
  if (found == all.end()) fail(__FILE__, __LINE__, "no " + key + " in " CHOS_VERSION);
  return atol(found->second.c_str());
}

Log::Log() : fd_(open_file("/dev/kmsg", O_RDONLY | O_NONBLOCK)) {
  CHECK_OK(fd_.get());
  lseek(fd_.get(), 0, SEEK_END);
}

std::string Log::text() {
  char record[8192];
  for (;;) {
    const long size = sys(read(fd_.get(), record, sizeof record));
    if (size == -EPIPE) continue; /* the kernel overwrote messages that were not yet read */
    if (size <= 0) return seen_;
    const std::string_view whole(record, static_cast<size_t>(size));
    const size_t text = whole.find(';');
    if (text != std::string_view::npos) seen_ += whole.substr(text + 1);
  }
}

bool Log::wait_for(const std::vector<std::string>& words, int seconds) {
  const auto clock_ms = [] {
    timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * 1000L + at.tv_nsec / 1000000L;
  };
  const long deadline = clock_ms() + static_cast<long>(seconds * 1000 * time_scale());
  for (;;) {
    std::istringstream lines(text());
    std::string line;
    while (std::getline(lines, line)) {
      const bool all = std::all_of(words.begin(), words.end(), [&](const std::string& word) {
        return line.find(word) != std::string::npos;
      });
      if (all) return true;
    }
    const long left = deadline - clock_ms();
    if (left <= 0) return false;
    pollfd wanted{fd_.get(), POLLIN, 0};
    poll(&wanted, 1, static_cast<int>(left));
  }
}

Sysctl::Sysctl(std::string path, const std::string& value) : path_(std::move(path)), old_(get(path_)) {
  CHECK_OK(put(path_, value));
}

Sysctl::~Sysctl() {
  if (put(path_, old_) < 0) mark_failed("cannot restore " + path_);
}

void Event::add(int n) {
  value_.fetch_add(n);
  syscall(SYS_futex, &value_, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

void Event::wait(int n) {
  for (int seen = value_.load(); seen < n; seen = value_.load()) {
    syscall(SYS_futex, &value_, FUTEX_WAIT, seen, nullptr, nullptr, 0);
  }
}

uint64_t Random::next() {
  state_ ^= state_ << 13;
  state_ ^= state_ >> 7;
  state_ ^= state_ << 17;
  return state_;
}

pid_t clone_fork(uint64_t flags, pid_t tid) {
  clone_args arguments{};
  arguments.flags = flags;
  arguments.exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD;
  if (tid) {
    arguments.set_tid = reinterpret_cast<uint64_t>(&tid);
    arguments.set_tid_size = 1;
  }
  return static_cast<pid_t>(sys(syscall(SYS_clone3, &arguments, sizeof arguments)));
}

long raw_child(uint64_t flags, int (*code)(void*), void* argument, char* stack_top) {
  const auto* stack = prepare_stack(stack_top, code, argument);
  long result;
  register long r10 __asm__("r10") = 0;
  register long r8 __asm__("r8") = 0;
  __asm__ volatile("syscall\n\t" GUEST_CHILD_CALLS
                   : "=a"(result)
                   : "a"(SYS_clone), "D"(flags | CLONE_VM | SIGCHLD), "S"(stack), "d"(0), "r"(r10), "r"(r8)
                   : "rcx", "r11", "memory");
  return result;
}

}  // namespace chos::guest
