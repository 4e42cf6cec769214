/* SPDX-License-Identifier: BSD-3-Clause */
/* PIDs come again: nobody ever sees what belonged to the one before. */
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "node.h"

namespace chos::guest {
namespace {

constexpr const char* kPidMax = "/proc/sys/kernel/pid_max";

/* A process with that PID that checks its view and may switch before it ends. */
void live_as(pid_t pid, const std::string& see, const char* then_enter) {
  const pid_t got = clone_fork(0, pid);
  CHECK_OK(got);
  if (got == 0) {
    checked([&] {
      become(kAnna);
      CHECK_EQ(getpid(), pid);
      CHECK_VIEW(see);
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

/* What one of the parents in the storm of forks is told. */
struct Forker {
  const char* name;
  const char* link;
};

struct Turn {
  const char* want;
  bool move;
  int outcome; /* 0 well, else what went wrong */
};

bool same(const char* a, const char* b) {
  while (*a && *a == *b) ++a, ++b;
  return *a == *b;
}

/* The child of a vfork: looks, sometimes moves, and is gone. */
int one_life(void* argument) {
  auto& turn = *static_cast<Turn*>(argument);
  turn.outcome = 1;
  char target[64] = {};
  raw(SYS_readlink, reinterpret_cast<long>(CHOS_LINK), reinterpret_cast<long>(target),
      sizeof target - 1);
  if (!same(target, turn.want)) return 0;
  if (turn.move) {
    /* Leaves a word of another OS behind for the next one with this PID. */
    const long fd = raw(SYS_open, reinterpret_cast<long>(CHOS_SETCHOS), 1 /* O_WRONLY */);
    turn.outcome = 2;
    if (fd < 0 || raw(SYS_write, fd, reinterpret_cast<long>("alma9"), 5) != 5) return 0;
    raw(SYS_close, fd);
  }
  turn.outcome = 0;
  return 0;
}

void fork_many(const Forker& forker, int processor, int times) {
  CHECK_OK(enter(forker.name));
  /* Parent and child on one processor: waking another one costs an emulator more than the fork. */
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(processor, &one);
  sched_setaffinity(0, sizeof one, &one);
  signal(SIGCHLD, SIG_IGN); /* nobody waits for them: what they found is in `turn` */
  alignas(16) static char stack[16384];
  Turn turn{forker.link, false, 0};
  for (int i = 0; i < times; ++i) {
    turn.move = i % 50 == 0;
    turn.outcome = -1;
    /* As little as can be copied: it is the PIDs that matter here. */
    const long pid = raw_child(CLONE_VFORK | CLONE_FS | CLONE_FILES | CLONE_SIGHAND, one_life,
                               &turn, stack + sizeof stack);
    if (pid == -EAGAIN) { /* all PIDs are taken by some that are not quite gone */
      sched_yield();
      --i;
      continue;
    }
    CHECK_OK(pid);
    CHECK_SAY(turn.outcome == 0, "fork " + std::to_string(i) + " in " + forker.name + ": pid " +
                                     std::to_string(pid) + " says " + std::to_string(turn.outcome));
  }
}

/* With 400 PIDs in all each comes again and again. */
void fork_in_four(int times) {
  Node node;
  Sysctl few(kPidMax, "400");
  constexpr Forker kForkers[] = {
      {"trixie", "/os/trixie"}, {"/", "/"}, {"sl6", "/os/sl6"}, {"/", "/"}};
  /* Two at a time, one on each processor: an emulator pays dearly for each change of memory map. */
  for (int i = 0; i < 4; i += 2) {
    const pid_t one = start(kAnna, [&] { fork_many(kForkers[i], 0, times / 4); });
    const pid_t other = start(kAnna, [&] { fork_many(kForkers[i + 1], 1, times / 4); });
    FINISH(one);
    FINISH(other);
  }
}

}  // namespace

CHOS_CASE(pidreuse_one_by_one, 30) {
  /* The same PID, asked for by number, as a child of the base and of OSs in turn. */
  Node node;
  const pid_t pid = 3000;
  for (int i = 0; i < 20; ++i) {
    live_as(pid, "/", "trixie");
    live_as(pid, "/", nullptr);
    live_as(pid, "/", "sl6");
    AS(kRoot, [pid] {
      CHECK_OK(enter("alma9"));
      live_as(pid, "alma9", "trixie");
      live_as(pid, "alma9", nullptr);
      live_as(pid, "alma9", "/");
      live_as(pid, "alma9", nullptr);
    });
    live_as(pid, "/", nullptr);
  }
}

CHOS_CASE(pidreuse_one_by_one_without_tracking, 30) {
  Node node({.parameters = "track=0"});
  const pid_t pid = 3000;
  for (int i = 0; i < 20; ++i) {
    live_as(pid, "/", "trixie");
    live_as(pid, "/", nullptr);
    AS(kRoot, [pid] {
      CHECK_OK(enter("alma9"));
      live_as(pid, "alma9", "trixie");
      live_as(pid, "alma9", "/");
      live_as(pid, "alma9", nullptr);
    });
  }
}

CHOS_CASE(pidreuse_20000_forks, 30) { fork_in_four(20'000); }

CHOS_CASE(pidreuse_200000_forks, 90) { fork_in_four(load(200'000, 2'000'000)); }

CHOS_CASE(pidreuse_pid_max_raised, 30) {
  /* Loaded with few PIDs, then there are four million: no index runs over. */
  Sysctl few(kPidMax, "32768");
  Node node;
  const long before = counter("table_bytes");
  Sysctl many(kPidMax, "4194304");
  for (const pid_t pid : {32768, 32769, 65535, 65536, 99999, 262143, 262144, 1 << 20, 4194303}) {
    live_as(pid, "/", "trixie");
    AS(kRoot, [pid] {
      CHECK_OK(enter("sl6"));
      live_as(pid, "sl6", "/");
      live_as(pid, "sl6", nullptr);
    });
    live_as(pid, "/", nullptr);
  }
  /* Nine places in the table, each at most a few pages. */
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
