/* SPDX-License-Identifier: BSD-3-Clause */
/* PIDs are reused: a process never has the OS of an earlier process with its PID. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "node.h"

namespace chos::guest {
namespace {

constexpr const char* kPidMax = "/proc/sys/kernel/pid_max";

/* Starts a process with that PID, which checks that it is in `os` and may switch before it exits. */
void run_with_pid(pid_t pid, const std::string& os, const char* then_enter) {
  const pid_t got = clone_fork(0, pid);
  CHECK_OK(got);
  if (got == 0) {
    checked([&] {
      become(kAnna);
      CHECK_EQ(getpid(), pid);
      CHECK_VIEW(os);
      if (then_enter) {
        CHECK_OK(enter(then_enter));
        CHECK_VIEW(then_enter);
      }
    })();
    _exit(0);
  }
  CHECK_EQ(got, pid);
  FINISH(got);
}

/* Where one of the forking parents is: the name to enter, and the target of the link there. */
struct Forker {
  const char* name;
  const char* link;
};

/* The task of one child, and what came of it. */
struct Turn {
  const char* want;
  bool move;
  int outcome; /* 0: success, 1: the link was wrong, 2: the switch failed */
};

/* The child of a vfork: checks the link, sometimes switches, and exits. */
int child_of_vfork(void* argument) {
  auto& turn = *static_cast<Turn*>(argument);
  turn.outcome = 1;
  if (!raw_link_is(turn.want)) return 0;
  if (turn.move) {
    /* Leaves an entry of another OS in the table for the next process with this PID. */
    const long fd = raw(SYS_open, reinterpret_cast<long>(CHOS_SETCHOS), O_WRONLY);
    turn.outcome = 2;
    if (fd < 0 || raw(SYS_write, fd, reinterpret_cast<long>("alma9"), 5) != 5) return 0;
    raw(SYS_close, fd);
  }
  turn.outcome = 0;
  return 0;
}

void fork_many(const Forker& forker, int processor, int times) {
  CHECK_OK(enter(forker.name));
  /* Keep parent and child on one processor: under emulation, waking another costs more than a fork. */
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(processor, &one);
  sched_setaffinity(0, sizeof one, &one);
  signal(SIGCHLD, SIG_IGN); /* children are not waited for: their outcome is in `turn` */
  alignas(16) static char stack[16384];
  Turn turn{forker.link, false, 0};
  for (int i = 0; i < times; ++i) {
    turn.move = i % 50 == 0;
    turn.outcome = -1;
    /* Share as much as possible, to make forks cheap: only the PIDs matter here. */
    const long pid = raw_child(CLONE_VFORK | CLONE_FS | CLONE_FILES | CLONE_SIGHAND, child_of_vfork, &turn,
                               stack + sizeof stack);
    if (pid == -EAGAIN) { /* exiting processes still hold all PIDs */
      sched_yield();
      --i;
      continue;
    }
    CHECK_OK(pid);
    CHECK_SAY(turn.outcome == 0, "fork " + std::to_string(i) + " in " + forker.name + ": pid " +
                                     std::to_string(pid) + " has outcome " + std::to_string(turn.outcome));
  }
}

/* Forks `times` times in four processes; with 400 PIDs in all, every PID is reused often. */
void fork_in_four(int times) {
  Node node;
  Sysctl few(kPidMax, "400");
  constexpr Forker kForkers[] = {{"trixie", "/os/trixie"}, {"/", "/"}, {"sl6", "/os/sl6"}, {"/", "/"}};
  /* Two at a time, one per processor: under emulation, switching between memory maps is expensive. */
  for (int i = 0; i < 4; i += 2) {
    const pid_t one = start(kAnna, [&] { fork_many(kForkers[i], 0, times / 4); });
    const pid_t other = start(kAnna, [&] { fork_many(kForkers[i + 1], 1, times / 4); });
    FINISH(one);
    FINISH(other);
  }
}

/* A child with that PID that lives for a fraction of a tick: fewer system calls than run_with_pid(). */
int run_quickly(pid_t pid, const char* enter_first) {
  const pid_t got = clone_fork(0, pid);
  CHECK_OK(got);
  if (got == 0) {
    if (!enter_first) _exit(raw_link_is("/") ? 0 : 1);
    const long fd = raw(SYS_open, reinterpret_cast<long>(CHOS_SETCHOS), O_WRONLY);
    const auto size = static_cast<long>(strlen(enter_first));
    _exit(raw(SYS_write, fd, reinterpret_cast<long>(enter_first), size) == size ? 0 : 2);
  }
  return wait_status(got);
}

/*
 * Makes the kernel's clock advance at each tick only, until the end of the case.  Skips the case if
 * the kernel refuses that, because it needs a finer clock for its timers; see vm/cases.py.
 */
class CoarseClock {
 public:
  CoarseClock() : before_(get(kFile)) {
    put(kFile, "jiffies");
    if (get(kFile) != "jiffies\n") skip("the kernel does not use jiffies as its clock");
  }
  ~CoarseClock() { put(kFile, before_); }

 private:
  static constexpr const char* kFile = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
  std::string before_;
};

}  // namespace

CHOS_CASE(pidreuse_within_a_tick, 30) {
  /* A process and the next one with its PID have the same creation time. */
  const CoarseClock clock;
  Node node;
  for (int i = 0; i < 500; ++i) {
    CHECK_EQ(run_quickly(3000, "trixie"), 0);
    CHECK_EQ(run_quickly(3000, nullptr), 0);
  }
}

CHOS_CASE(pidreuse_within_a_tick_without_tracking, 20) {
  /* Nothing tells such processes apart: the module is not loaded. */
  const CoarseClock clock;
  make_base();
  Log log;
  CHECK_ERR(load_module("track=0"), EOPNOTSUPP);
  CHECK_SAY(log.wait_for({"chos", "clock", "not tracked"}), log.text());
  CHECK(!module_loaded());
  const Node node;
}

CHOS_CASE(pidreuse_one_by_one, 30) {
  /* One PID, requested by number, for children of processes in the base and in OSs in turn. */
  Node node;
  const pid_t pid = 3000;
  for (int i = 0; i < 20; ++i) {
    run_with_pid(pid, "/", "trixie");
    run_with_pid(pid, "/", nullptr);
    run_with_pid(pid, "/", "sl6");
    AS(kRoot, [pid] {
      CHECK_OK(enter("alma9"));
      run_with_pid(pid, "alma9", "trixie");
      run_with_pid(pid, "alma9", nullptr);
      run_with_pid(pid, "alma9", "/");
      run_with_pid(pid, "alma9", nullptr);
    });
    run_with_pid(pid, "/", nullptr);
  }
}

CHOS_CASE(pidreuse_one_by_one_without_tracking, 30) {
  Node node({.parameters = "track=0"});
  const pid_t pid = 3000;
  for (int i = 0; i < 20; ++i) {
    run_with_pid(pid, "/", "trixie");
    run_with_pid(pid, "/", nullptr);
    AS(kRoot, [pid] {
      CHECK_OK(enter("alma9"));
      run_with_pid(pid, "alma9", "trixie");
      run_with_pid(pid, "alma9", "/");
      run_with_pid(pid, "alma9", nullptr);
    });
  }
}

CHOS_CASE(pidreuse_20000_forks, 30) { fork_in_four(20'000); }

CHOS_CASE(pidreuse_200000_forks, 90) { fork_in_four(load(200'000, 2'000'000)); }

CHOS_CASE(pidreuse_pid_max_raised, 30) {
  /* pid_max is raised to four million after loading: no index of the table overflows. */
  Sysctl few(kPidMax, "32768");
  Node node;
  const long before = counter("table_bytes");
  Sysctl many(kPidMax, "4194304");
  for (const pid_t pid : {32768, 32769, 65535, 65536, 99999, 262143, 262144, 1 << 20, 4194303}) {
    run_with_pid(pid, "/", "trixie");
    AS(kRoot, [pid] {
      CHECK_OK(enter("sl6"));
      run_with_pid(pid, "sl6", "/");
      run_with_pid(pid, "sl6", nullptr);
    });
    run_with_pid(pid, "/", nullptr);
  }
  /* Nine PIDs far apart, each of which may need a few pages of the table. */
  const long after = counter("table_bytes");
  note("table: " + std::to_string(before) + " -> " + std::to_string(after) + " bytes");
  CHECK(after - before <= 9 * 3 * 4096);
}

CHOS_CASE(pidreuse_four_million_pids_cost_nothing, 30) {
  Sysctl many(kPidMax, "4194304");
  Node node;
  CHECK_SAY(counter("table_bytes") <= 128 * 1024, std::to_string(counter("table_bytes")));
  AS(kAnna, [] { CHECK_OK(enter("trixie")); });
  CHECK_SAY(counter("table_bytes") <= 128 * 1024, std::to_string(counter("table_bytes")));
}

}  // namespace chos::guest
