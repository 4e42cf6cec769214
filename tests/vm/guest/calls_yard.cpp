/* SPDX-License-Identifier: BSD-3-Clause */
#include "calls_yard.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdlib>

namespace chos::guest {
namespace {

/* Gives a descriptor its fixed number, under which executed programs have it too. */
void keep(int fd, int number) {
  CHECK_OK(fd);
  CHECK_OK(sys(dup2(fd, number)));
  close(fd);
}

/* The jail has /proc, for the link, and the program that tasks execute. */
void make_jail() {
  const std::string jail = kJailPath;
  for (const char* name : {"/dev", "/proc", "/tmp", "/usr/bin"}) make_dirs(jail + name);
  if (!exists(jail + "/usr/bin/probe")) {
    CHECK_OK(sys(link("/usr/bin/probe", (jail + "/usr/bin/probe").c_str())));
  }
  CHECK_OK(bind_mount("/proc", jail + "/proc", MS_REC));
  CHECK_OK(bind_mount("/proc", CHOS_FARM_DEFAULT + jail + "/proc", MS_REC));
}

/* TOMOYO looks up the name /dev/fd/N of a program that is executed by descriptor.  In Linux 5.10 execveat(2)
 * fails where there is none: in a jail without /dev/fd, and in a thread that has survived its leader, whose
 * /proc/self/fd is empty. */
void make_dev_fd() {
  for (const std::string root : {"", kJailPath}) {
    const std::string link = root + "/dev/fd";
    unlink(link.c_str());
    make_link("/proc/thread-self/fd", link);
  }
}

/* A copy of this mount namespace. */
int copy_of_namespace() {
  Shared<Event> made, opened;
  const pid_t pid = start(kRoot, [&] {
    CHECK_OK(sys(unshare(CLONE_NEWNS)));
    made->add();
    opened->wait();
  });
  made->wait();
  const int fd = open(("/proc/" + std::to_string(pid) + "/ns/mnt").c_str(), O_RDONLY);
  opened->add();
  FINISH(pid);
  return fd;
}

void moment() {
  const timespec span{0, 1'000'000};
  nanosleep(&span, nullptr);
}

}  // namespace

Yard::Yard() {
  CHECK_OK(sys(unshare(CLONE_NEWNS)));
  CHECK_OK(set_mount("/", MS_PRIVATE | MS_REC));
  make_jail();
  make_dev_fd();
  make_dirs("/usr/bin/raised");
  install_probe("/usr/bin/raised/probe", 0, 0, 04755);
  keep(open("/", O_PATH | O_DIRECTORY), kBaseFd);
  keep(open("/usr/bin/raised/probe", O_PATH), kRaisedFd);
  keep(open("/proc/self/ns/mnt", O_RDONLY), kNamespaceFds[0]);
  keep(copy_of_namespace(), kNamespaceFds[1]);
  int ends[2];
  CHECK_OK(sys(socketpair(AF_UNIX, SOCK_STREAM, 0, ends)));
  keep(ends[0], kSocketFds[0]);
  keep(ends[1], kSocketFds[1]);
  keep(memfd_create("board", 0), kBoardFd);
  CHECK_OK(sys(ftruncate(kBoardFd, sizeof(Board))));
  void* memory = mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED, kBoardFd, 0);
  CHECK(memory != MAP_FAILED);
  board_ = static_cast<Board*>(memory); /* all zero */
  const char* paths[] = {"/", CHOS_FARM_DEFAULT, kJailPath};
  for (int i = 0; i < 3; ++i) {
    struct stat info;
    CHECK_OK(sys(stat(paths[i], &info)));
    roots_[i] = Root{info.st_dev, info.st_ino};
  }
  /* The kernel reaps the children of this process, and those of its tasks, which inherit this. */
  CHECK(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
}

int Yard::free_place() {
  for (int place = 0; place < kMostTasks; ++place) {
    if (taken_.count(place)) continue;
    taken_.insert(place);
    threads_[place].clear();
    Task& task = board_->tasks[place];
    task.told = 1;
    task.done = 0;
    task.roaming = 0;
    task.threaded = false;
    task.sight = Sight{};
    return place;
  }
  fail(__FILE__, __LINE__, "the board is full");
}

void Yard::add(int place, const Who& who) {
  taken_.insert(place);
  task(place).told = 1;
  const pid_t pid = fork();
  CHECK_OK(sys(pid));
  if (pid == 0) {
    checked([&] {
      become(who);
      prctl(PR_SET_DUMPABLE, 1);
    })();
    live(*board_, place);
  }
  await_birth(place);
}

void Yard::give_back(int place) {
  task(place).told = 0;
  taken_.erase(place);
}

void Yard::wait_while(const std::atomic<int>& number, int value) {
  while (number == value) syscall(SYS_futex, &number, FUTEX_WAIT, value, nullptr, nullptr, 0);
}

void Yard::await_birth(int place) {
  wait_while(task(place).done, 0);
  threads_[place] = task(place).sight.thread;
}

void Yard::tell(int place) {
  task(place).told.fetch_add(1);
  syscall(SYS_futex, &task(place).told, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

pid_t Yard::process_of(int place) const { return atoi(threads_[place].c_str()); }

pid_t Yard::thread_of(int place) const {
  const size_t slash = threads_[place].rfind('/');
  return slash == std::string::npos ? 0 : atoi(threads_[place].c_str() + slash + 1);
}

bool Yard::is_gone(int place) const {
  int error = 0;
  const std::string stat = get("/proc/" + threads_[place] + "/stat", &error);
  const size_t end = stat.rfind(") ");
  return end == std::string::npos || stat[end + 2] == 'Z' || stat[end + 2] == 'X';
}

/* Whether another thread has taken over the TID of a leader, by executing a program. */
bool Yard::has_heir(int place) const {
  return std::any_of(taken_.begin(), taken_.end(),
                     [&](int other) { return other != place && thread_of(other) == thread_of(place); });
}

bool Yard::answered(int place) {
  Task& one = task(place);
  /* A thread that executes a program takes over the TID of its process. */
  const bool execs = one.call == Call::kExec || one.call == Call::kExecRaised;
  const std::string process = "/proc/" + std::to_string(process_of(place));
  const timespec patience{0, 50'000'000}; /* the end of a task is no event on the board */
  for (int seen = one.done; seen != one.told; seen = one.done) {
    syscall(SYS_futex, &one.done, FUTEX_WAIT, seen, &patience, nullptr, 0);
    const bool gone = execs ? !exists(process) : is_gone(place);
    if (gone && one.done != one.told) return false;
  }
  threads_[place] = one.sight.thread;
  return true;
}

bool Yard::await_end(const std::vector<int>& places) {
  for (const int place : places) {
    /*
     * The kernel does not announce that a thread has left the list of its process, and the leader of a
     * process with other threads stays in it as a zombie.
     */
    const std::string thread = "/proc/" + threads_[place];
    for (int tries = 0; exists(thread) && !has_heir(place); ++tries) {
      if (process_of(place) == thread_of(place) && is_gone(place)) break;
      if (tries == 5000) return false;
      moment();
    }
    task(place).done = 0;
    taken_.erase(place);
  }
  return true;
}

Yard::~Yard() {
  std::set<pid_t> all;
  for (int place = 0; place < kMostTasks; ++place) {
    if (task(place).done && process_of(place) > 0) all.insert(process_of(place));
  }
  for (const pid_t pid : all) kill(pid, SIGKILL);
  for (const pid_t pid : all) {
    while (exists("/proc/" + std::to_string(pid))) moment();
  }
  taken_.clear();
  for (Task& one : board_->tasks) one.told = one.done = one.roaming = 0;
  board_->used = board_->roaming = 0;
}

const char* Yard::name_of(Place::Root root) {
  constexpr const char* kNames[] = {"base", "farm", "jail"};
  return kNames[root];
}

std::string Yard::root_seen(const Sight& sight) const {
  for (int i = 0; i < 3; ++i) {
    if (sight.device == roots_[i].device && sight.inode == roots_[i].inode) {
      return name_of(static_cast<Place::Root>(i));
    }
  }
  return "another directory";
}

std::set<std::string> Yard::processes() {
  std::set<std::string> all;
  std::istringstream lines(get(CHOS_PROCESSES));
  for (std::string line; std::getline(lines, line);) all.insert(line);
  return all;
}

const char* path_of(const std::string& os) {
  if (os == "trixie") return "/os/trixie";
  if (os == "sl6") return "/os/sl6";
  return os == "/" ? "/" : "/os/alma9";
}

double seconds_now() {
  timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return static_cast<double>(at.tv_sec) + static_cast<double>(at.tv_nsec) / 1e9;
}

static uint64_t seed() {
  const char* value = getenv("CHOS_SEED");
  const uint64_t number = value ? strtoull(value, nullptr, 0) : 1;
  note("CHOS_SEED=" + std::to_string(number));
  return number;
}

void for_seconds(double seconds, const std::function<void(Yard&, uint64_t)>& run) {
  Node node({.list = kCallsList});
  const double end = seconds_now() + seconds * time_scale();
  uint64_t number = seed();
  int runs = 0;
  do {
    /* Each in namespaces of its own: the tasks mount things, and a run must be the same if it is repeated
     * alone. */
    AS(kRoot, [&] {
      Yard yard;
      run(yard, number);
    });
    ++number;
    ++runs;
  } while (seconds_now() < end);
  note(std::to_string(runs) + " runs");
}

}  // namespace chos::guest
