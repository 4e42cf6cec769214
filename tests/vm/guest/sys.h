/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Wrappers of system calls: paths are strings, errors are returned as -errno.
 */
#ifndef CHOS_GUEST_SYS_H
#define CHOS_GUEST_SYS_H

#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <map>
#include <new>
#include <string>
#include <string_view>
#include <vector>

namespace chos::guest {

/* Turns the -1 of a failed libc call into -errno; other results are returned as they are. */
inline long sys(long result) { return result < 0 ? -errno : result; }

/* A descriptor that closes itself. */
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd() { reset(); }
  void reset();
  int release();
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/* open(2) with O_CLOEXEC; the Fd holds -errno if it fails. */
Fd open_file(const std::string& path, int flags, mode_t mode = 0);

/* Opens the file, writes the text with one write(2), and closes it.  Returns 0 or -errno. */
int put(const std::string& path, std::string_view text);
/* Writes the text with one write(2).  Returns 0 if all of it was written, or -errno. */
int put_fd(int fd, std::string_view text);
/*
 * The whole content of a file.  An error is stored in `*error` as -errno; if `error` is null, it
 * fails the case.
 */
std::string get(const std::string& path, int* error = nullptr);
/* Reads from the file's offset to its end, `size` bytes per read(2); an error fails the case. */
std::string read_in_pieces(int fd, size_t size);
/* The target of a symlink, or "!ENOENT" and the like. */
std::string link_of(const std::string& path);
/* The names in a directory, sorted, without "." and ".."; fails the case on error. */
std::vector<std::string> names_in(const std::string& directory);
std::string working_directory();

/* Each of these creates what is missing, and fails the case if it cannot. */
void make_dirs(const std::string& path, mode_t mode = 0755);
void make_file(const std::string& path, std::string_view content, mode_t mode = 0644);
void make_link(const std::string& target, const std::string& path);
/* Removes a directory tree in which nothing is mounted. */
void remove_tree(const std::string& path);
/* Installs a copy of this program with that owner and mode (04755 for setuid). */
void install_probe(const std::string& path, uid_t uid, gid_t gid, mode_t mode);

bool exists(const std::string& path);

/* Each returns 0 or -errno. */
int bind_mount(const std::string& from, const std::string& to, unsigned long flags = 0);
int mount_fs(const std::string& type, const std::string& to, unsigned long flags = 0,
             const std::string& data = "");
int set_mount(const std::string& at, unsigned long flags);
int umount_lazily(const std::string& at);
/* Mount points of this namespace, in the order of mountinfo. */
std::vector<std::string> mount_points();

int load_module(const std::string& parameters);
int unload_module();
bool module_loaded();

/* "KEY VALUE" lines of /proc/chos/version. */
std::map<std::string, std::string> version();
long counter(const std::string& key);

/* The messages of the kernel log since the construction of this object. */
class Log {
 public:
  Log();
  /* All messages so far, without prefixes, one message per line. */
  std::string text();
  /* Waits until a message contains all the words; returns false after `seconds` * time_scale(). */
  bool wait_for(const std::vector<std::string>& words, int seconds = 5);

 private:
  Fd fd_;
  std::string seen_;
};

/* Sets a sysctl; the destructor restores its old value. */
class Sysctl {
 public:
  Sysctl(std::string path, const std::string& value);
  ~Sysctl();

 private:
  std::string path_;
  std::string old_;
};

/* -------- events between processes: shared memory and futexes */

/* A counter that processes wait on. */
class Event {
 public:
  void add(int n = 1);
  int value() const { return value_.load(); }
  /* Sleeps until the counter is at least n. */
  void wait(int n = 1);

 private:
  std::atomic<int> value_{0};
};

/* A T in memory that is shared with child processes. */
template <typename T>
class Shared {
 public:
  Shared() {
    void* at = mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    object_ = new (at) T();
  }
  ~Shared() { munmap(object_, sizeof(T)); }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }

 private:
  T* object_;
};

/* A small random number generator; one seed gives the same numbers on every run. */
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15ull + 1) {}
  uint64_t next();
  /* 0 .. n-1 */
  unsigned below(unsigned n) { return static_cast<unsigned>(next() % n); }

 private:
  uint64_t state_;
};

/* -------- clone(2) without libc */

/*
 * fork() with further clone flags (CLONE_NEWPID, CLONE_PARENT, CLONE_FS ...).  Returns 0 in the
 * child, and the child's PID or -errno in the parent.  `tid` requests a certain PID in the caller's
 * PID namespace (root only); 0 means any.
 */
pid_t clone_fork(uint64_t flags, pid_t tid = 0);

/*
 * A system call that touches neither errno nor the stack protector, for children that share the
 * caller's memory.  Returns the result or -errno.
 */
inline long raw(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) {
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

/* -------- children on stacks of their own, which share our memory and may not use libc */

#define GUEST_TEXT_OF(x) #x
#define GUEST_TEXT(x) GUEST_TEXT_OF(x)
/*
 * What follows the instruction of a system call that makes such a child, in an asm statement: the child calls
 * what prepare_stack() put on its stack, and exits with the status that the code returns, if it returns.
 */
#define GUEST_CHILD_CALLS \
  "test %%rax, %%rax\n\t"              \
  "jnz 1f\n\t"                         \
  "pop %%rax\n\t"                      \
  "pop %%rdi\n\t"                      \
  "xor %%ebp, %%ebp\n\t"               \
  "call *%%rax\n\t"                    \
  "mov %%eax, %%edi\n\t"               \
  "mov $" GUEST_TEXT(SYS_exit) ", %%eax\n\t" \
  "syscall\n\t"                        \
  "hlt\n"                              \
  "1:"

/* Prepares the stack that ends at `end` for code(argument); returns where the child's stack pointer starts.
 */
template <typename Code, typename Argument>
uint64_t* prepare_stack(char* end, Code* code, Argument* argument) {
  auto* stack = reinterpret_cast<uint64_t*>(reinterpret_cast<uint64_t>(end) & ~15ull) - 2;
  stack[0] = reinterpret_cast<uint64_t>(code);
  stack[1] = reinterpret_cast<uint64_t>(argument);
  return stack;
}

/*
 * Starts a child that shares the caller's memory (CLONE_VM and `flags`), runs code(argument) on a
 * stack of its own, and exits with the status that the code returns.  The code may use nothing but
 * raw() and atomics.  Returns the PID or -errno.
 */
long raw_child(uint64_t flags, int (*code)(void*), void* argument, char* stack_top);

}  // namespace chos::guest

#endif
