// SPDX-License-Identifier: BSD-3-Clause
//
// Runs inside a VM whose clock counts guest instructions (one nanosecond each).  Prints "NAME VALUE"
// lines: instructions per operation, bytes, or milliseconds.
//
// The value of an operation is the minimum of many short runs.  The VM has one processor and no other
// load, so longer runs include work of the kernel such as RCU and timers.

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include "chos/abi.h"

namespace {

const std::string kModule = "/lib/chos/chos.ko";
const std::string kTrees = "/var/lib/chos/os";

[[noreturn]] void fail(const std::string& what) {
  std::printf("FAILED %s: %s\n", what.c_str(), std::strerror(errno));
  std::fflush(stdout);
  std::_Exit(1);
}

void must(bool ok, const std::string& what) {
  if (!ok) fail(what);
}

double now() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

void print(const std::string& name, double value) {
  std::printf("%s %.1f\n", name.c_str(), value);
  std::fflush(stdout);
}

// Instructions for one call of `op`: the minimum of `rounds` runs of `n` calls, minus that of empty
// calls.
double least(const std::function<void()>& op, int n, int rounds = 40) {
  const auto timed = [n](const std::function<void()>& f) {
    const double begin = now();
    for (int i = 0; i < n; i++) f();
    return now() - begin;
  };
  double full = std::numeric_limits<double>::max();
  double empty = full;
  for (int i = 0; i < 50; i++) op();
  for (int i = 0; i < rounds; i++) {
    full = std::min(full, timed(op));
    empty = std::min(empty, timed([] {}));
  }
  return (full - empty) / n;
}

void put(const std::string& path, const std::string& text) {
  const int fd = open(path.c_str(), O_WRONLY);
  must(fd >= 0, "open " + path);
  must(write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()),
       "write " + text + " to " + path);
  close(fd);
}

void bind_mount(const std::string& from, const std::string& to, unsigned long flags = MS_BIND) {
  must(mount(from.c_str(), to.c_str(), nullptr, flags, nullptr) == 0, "bind " + to);
}

// Runs `body` in a child, so that its root directory is its own.
void in_child(const std::function<void()>& body) {
  std::fflush(stdout);
  const pid_t child = fork();
  must(child >= 0, "fork");
  if (child == 0) {
    body();
    std::fflush(stdout);
    std::_Exit(0);
  }
  int status = 0;
  must(waitpid(child, &status, 0) == child, "waitpid");
  if (status != 0) fail("a child ended with status " + std::to_string(status));
}

// Loads the module; returns nanoseconds until setchos can be opened.
double load(const std::string& parameters) {
  const int fd = open(kModule.c_str(), O_RDONLY | O_CLOEXEC);
  must(fd >= 0, "open " + kModule);
  const double begin = now();
  must(syscall(SYS_finit_module, fd, parameters.c_str(), 0) == 0, "finit_module");
  const int door = open(CHOS_SETCHOS, O_WRONLY);
  must(door >= 0, "open setchos");
  const double end = now();
  close(door);
  close(fd);
  return end - begin;
}

void unload() {
  must(umount(CHOS_MOUNT) == 0, "umount /proc/chos");
  must(syscall(SYS_delete_module, "chos", O_NONBLOCK) == 0, "delete_module");
}

const std::vector<std::string> kLinks = {"bin", "usr", "lib", "lib64", "etc", "opt", "var"};

void farm_up(const std::string& farm) {
  std::string layout = "dir os\ndir local\ndir proc\ndir dev\ndir tmp\n";
  for (const auto& name : kLinks) layout += "link " + name + "\n";
  put(CHOS_LAYOUT, layout);
  bind_mount(CHOS_FARM, farm);
  bind_mount(kTrees, farm + "/os");
  bind_mount("/proc", farm + "/proc", MS_BIND | MS_REC);
}

void hand_made_up(const std::string& farm) {
  bind_mount(kTrees, farm + "/os");
  bind_mount("/proc", farm + "/proc", MS_BIND | MS_REC);
}

void farm_down(const std::string& farm, bool bound) {
  must(umount((farm + "/proc/chos").c_str()) == 0, "umount proc/chos of the farm");
  must(umount((farm + "/proc").c_str()) == 0, "umount proc of the farm");
  must(umount((farm + "/os").c_str()) == 0, "umount os of the farm");
  if (bound) must(umount(farm.c_str()) == 0, "umount the farm");
}

void allow() {
  put(CHOS_VALID, "one:/os/one\ntwo:/os/two\n");
}

void enter(const char* name) {
  const int fd = open(CHOS_SETCHOS, O_WRONLY);
  must(fd >= 0 && write(fd, name, std::strlen(name)) > 0, std::string("enter ") + name);
  close(fd);
}

void fork_exit_wait() {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  must(child > 0 && waitpid(child, nullptr, 0) == child, "fork");
}

// Runs a program to its end, with an environment as large as that of a job.
void run_program(const char* const* argv) {
  static const char* const kEnvironment[] = {
      "CHOS=one", "HOME=/root", "LANG=C.UTF-8", "LOGNAME=root", "PATH=/usr/local/bin:/usr/bin:/bin",
      "PWD=/tmp", "SHELL=/bin/sh", "TMPDIR=/tmp", "USER=root", "JOB_ID=1234", nullptr};
  const pid_t child = vfork();
  if (child == 0) {
    execve(argv[0], const_cast<char**>(argv), const_cast<char**>(kEnvironment));
    _exit(99);
  }
  int status = 0;
  must(child > 0 && waitpid(child, &status, 0) == child && status == 0, argv[0]);
}

void run_dynamic() {
  static const char* const kArguments[] = {"/usr/bin/dynamic", nullptr};
  run_program(kArguments);
}

// Runs the same program through the starter of batch jobs.  Only the OS has the program.
void run_by_starter() {
  static const char* const kArguments[] = {"/bin/chos_jobstarter", "/usr/bin/dynamic", nullptr};
  run_program(kArguments);
}

// Measures path walks of a process that is already in its root directory.
void measure_paths(const std::string& setting) {
  struct stat st {};
  print("stat2." + setting, least([&] { must(stat("/usr/share", &st) == 0, "stat 2"); }, 200));
  print("stat4." + setting,
        least([&] { must(stat("/usr/share/one/two", &st) == 0, "stat 4"); }, 200));
  print("open_close." + setting, least([] {
          const int fd = open("/usr/share/one/file", O_RDONLY);
          must(fd >= 0, "open");
          close(fd);
        }, 200));
  print("execve." + setting, least(run_dynamic, 3, 60));
}

// The number in a column (from 1) of the first line of a file that begins with `key`.
double value_in(const std::string& file, const std::string& key, int column) {
  std::ifstream in(file);
  std::string line;
  while (std::getline(in, line)) {
    std::istringstream fields(line);
    std::string name;
    double value = 0;
    fields >> name;
    if (name != key) continue;
    for (int i = 0; i < column; i++) fields >> value;
    if (fields) return value;
  }
  fail("no " + key + " in " + file);
}

// Bytes of one object of a slab cache.
double object_bytes(const std::string& cache) {
  return value_in("/proc/slabinfo", cache, 3);
}

double module_bytes() {
  return value_in("/proc/modules", "chos", 1);
}

double version_value(const std::string& key) {
  return value_in(CHOS_VERSION, key, 1);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// Measures fork+exit+wait in one process while the module is loaded and unloaded, so that only the
// module differs between the three cases.  Each ratio is that of adjacent measurements; the result is
// their median.
void measure_forks() {
  constexpr int kRounds = 9;
  std::vector<double> outside;
  std::vector<double> inside;
  std::vector<double> loads;
  double unloaded = 0;
  const auto forks = [] { return least(fork_exit_wait, 10, 60); };
  for (int i = 0; i < kRounds; i++) {
    unloaded = forks();
    loads.push_back(load(""));
    farm_up("/chos");
    allow();
    outside.push_back(forks() / unloaded);
    enter("one");
    inside.push_back(forks() / unloaded);
    enter("/");
    must(chdir("/") == 0, "chdir");  // the working directory was the farm's root
    farm_down("/chos", true);
    unload();
  }
  print("fork.unloaded", unloaded);
  std::printf("fork_ratio.outside %.5f\nfork_ratio.inside %.5f\n", median(outside),
              median(inside));
  print("insmod_ms", median(loads) / 1e6);
}

// Measures the memory in use after insmod: the module's own pages, the process table, and the inodes and
// dentries of /proc/chos (its root, six files and the farm; a superblock adds about 2 KiB).
void measure_memory() {
  load("");
  print("memory.module", module_bytes());
  print("memory.table", version_value("table_bytes"));
  print("memory.files", 8 * (object_bytes("inode_cache") + object_bytes("dentry")) + 2048);
  farm_up("/chos");
  allow();
  in_child([] {
    enter("one");
    fork_exit_wait();
    const double before = version_value("table_bytes");
    constexpr int kForks = 8192;
    for (int i = 0; i < kForks; i++) fork_exit_wait();
    print("memory.per_pid", (version_value("table_bytes") - before) / kForks);
  });
  farm_down("/chos", true);
  unload();
}

// Creates /dev/log: the starter connects to it before it enters the OS.
int open_log() {
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, "/dev/log");
  must(fd >= 0 && bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0,
       "bind /dev/log");
  return fd;
}

void measure_farm() {
  load("");
  farm_up("/chos");
  allow();
  in_child([] {
    must(chroot("/chos/os/one") == 0 && chdir("/") == 0, "chroot");
    measure_paths("chroot");
  });
  in_child([] {
    must(chdir("/tmp") == 0, "chdir /tmp");
    print("execve.starter", least(run_by_starter, 3, 60));
  });
  in_child([] {
    enter("one");
    measure_paths("farm");
    char text[256];
    print("readlink", least([&] { must(readlink(CHOS_LINK, text, sizeof(text)) > 0, "readlink"); },
                            200));
    bool flip = false;
    print("switch", least([&] { enter((flip = !flip) ? "two" : "one"); }, 100));
  });
  in_child([] {
    // The clock is read around each entry; subtract the cost of reading it.
    const double clock = least([] { now(); }, 200);
    double best = std::numeric_limits<double>::max();
    for (int i = 0; i < 2000; i++) {
      const double begin = now();
      enter("one");
      best = std::min(best, now() - begin);
      enter("/");
    }
    print("enter", best - clock);
  });
  farm_down("/chos", true);
  unload();
}

void measure_hand_made() {
  load("farm=/hand");
  hand_made_up("/hand");
  allow();
  in_child([] {
    enter("one");
    measure_paths("hand");
  });
  farm_down("/hand", false);
  unload();
}

}  // namespace

int main() {
  open_log();
  measure_forks();
  measure_memory();
  measure_farm();
  measure_hand_made();
  std::printf("END 1\n");
  return 0;
}
