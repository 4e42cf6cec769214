/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * /proc/chos/usage while processes fork, exit and enter OSs.  chosctl deletes a tree when its count
 * is zero, so the count must never be zero while a process is in the tree or may still enter it.
 */
#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>

#include "usage.h"

namespace chos::guest {
namespace {

/* Processes in the base OS that fork until this object is destroyed. */
class Forkers {
 public:
  explicit Forkers(int count) {
    for (int i = 0; i < count; ++i) {
      pids_.push_back(start(kBert, [this] {
        while (!stop_->load()) FINISH(start(kBert, [] {}));
      }));
    }
  }
  ~Forkers() {
    stop_->store(true);
    for (const pid_t pid : pids_) wait_status(pid);
  }

 private:
  Shared<std::atomic<bool>> stop_;
  std::vector<pid_t> pids_;
};

/* A chain of processes: each forks the next one and exits. */
struct ForkChain {
  pid_t low = 0, high = 0; /* at each of the two, a hundred free PIDs begin */
  std::atomic<bool> stop{false};
  std::atomic<unsigned> members{0};
  Event ended;
};

/*
 * Runs in the first process of a chain, as root.  PIDs alternate between `low` and `high`, so a
 * reader that walks by rising PIDs is overtaken by every other process.
 */
void run_chain(ForkChain& chain) {
  for (pid_t i = 0; !chain.stop; ++i) {
    /* It fails with -EEXIST while an earlier process with that PID is not yet reaped. */
    const pid_t next = clone_fork(0, (i % 2 ? chain.low : chain.high) + i % 100);
    if (next > 0) _exit(0);
    if (next == 0) chain.members.fetch_add(1);
  }
  chain.ended.add();
  _exit(0);
}

}  // namespace

CHOS_CASE(usage_never_zero, 90) {
  /* A chain of processes keeps an OS in use; seldom do more than two of them exist at a time. */
  Node node;
  const Sysctl all("/proc/sys/kernel/pid_max", "4194304"); /* so that forks reuse no PID */
  Shared<ForkChain> chain;
  AS(kRoot, [&] {
    /* Makes the way long for a walk by PIDs from the low ones to the high ones. */
    CHECK_OK(enter("trixie"));
    pid_t last = 0;
    for (int i = 0; i < 7000; ++i) {
      last = static_cast<pid_t>(raw(SYS_vfork));
      if (last == 0) raw(SYS_exit, 0);
      wait_status(last);
    }
    chain->low = last - 6500;
    chain->high = last - 150;
  });
  ParkedProcesses crowd;
  for (int i = 0; i < 100; ++i) crowd.add(kBert, [] {});
  AS(kRoot, [&] {
    CHECK_OK(enter("trixie"));
    if (fork() == 0) run_chain(*chain);
  });
  {
    Forkers forkers(1);
    for (int i = 0; i < load(300, 10000) || chain->members < 300; ++i) {
      CHECK_SAY(processes_in("/os/trixie") > 0, "read " + std::to_string(i));
    }
  }
  note("processes in the chain: " + std::to_string(chain->members));
  chain->stop = true;
  chain->ended.wait();
}

CHOS_CASE(usage_on_the_way_in, 60) {
  /*
   * Some processes have passed the allowlist and are still looking up the tree when a list without
   * it takes effect.  Each of them must count, or must be refused.
   */
  Node node;
  /*
   * Makes the lookup slow: 37 links, each with more than a thousand steps up and down.  Each begins
   * with /proc, which takes the walk out of RCU mode; usage would wait for the end of an RCU walk.
   */
  make_tree("slow");
  const std::string trees = std::string(kTrees) + "/";
  make_dirs(trees + "d");
  std::string steps = "../proc/fs/../../os/";
  while (steps.size() < 4050) steps += "d/../";
  for (int i = 0; i < 37; ++i) {
    make_link(steps + (i ? "link" + std::to_string(i - 1) : "slow"), trees + "link" + std::to_string(i));
  }
  const std::string path = "/os/link36";
  constexpr int kMany = 8;
  unsigned long in_lookup = 0, too_late = 0;
  for (int round = 0; round < load(10, 200); ++round) {
    CHECK_OK(allow("slow:" + path + "\n"));
    struct Board {
      Event going, end;
      std::atomic<int> result[kMany];
    };
    constexpr int kPending = 1;
    Shared<Board> board;
    std::vector<pid_t> pids;
    for (auto& result : board->result) {
      result = kPending;
      pids.push_back(start(kAnna, [&] {
        board->going.add();
        result = enter("slow");
        board->end.wait();
      }));
    }
    board->going.wait(kMany);
    for (int i = 0; i < round; ++i) sched_yield();
    CHECK_OK(allow("\n"));
    const unsigned long counted = processes_in(path);
    std::vector<bool> pending;
    for (const auto& result : board->result) pending.push_back(result == kPending);
    board->end.add();
    for (const pid_t pid : pids) FINISH(pid);
    unsigned long inside = 0;
    for (int i = 0; i < kMany; ++i) {
      if (board->result[i] == 0) {
        inside++;
        in_lookup += pending[i];
      } else {
        CHECK_EQ(board->result[i].load(), -ENOENT);
        too_late++;
      }
    }
    CHECK_SAY(counted >= inside, "round " + std::to_string(round) + ": " + std::to_string(counted) +
                                     " counted, " + std::to_string(inside) + " inside");
    CHECK_EQ(processes_in(path), 0u); /* those still in their lookup are not counted for ever */
  }
  note("entered after the list changed: " + std::to_string(in_lookup) +
       ", refused: " + std::to_string(too_late));
  CHECK(in_lookup > 0);
}

CHOS_CASE(usage_refusals_do_not_count, 20) {
  /* A process that was refused, or that left by the name of the base OS, does not count. */
  Node node({.list = "base:/\ntrixie:/os/trixie\nshut:/os/sl6:closed\nlab:/os/alma9:groups=7\n"
                     "gone:/os/gone\ndefault:/os/trixie\n"});
  AS(kAnna, [] {
    for (int i = 0; i < 10; ++i) {
      CHECK_ERR(enter("shut"), EACCES);
      CHECK_ERR(enter("lab"), EACCES);
      CHECK_ERR(enter("gone"), ENOENT);
      CHECK_OK(enter("base"));
      CHECK_OK(enter("default"));
      CHECK_OK(enter("base"));
    }
    CHECK_OK(enter("trixie"));
  });
  AS(kRoot, [] {
    const Fd setchos = open_file(CHOS_SETCHOS, O_WRONLY);
    CHECK_OK(sys(chroot("/home")));
    CHECK_ERR(put_fd(setchos.get(), "trixie"), EXDEV);
  });
  CHECK_EQ(get(CHOS_USAGE), std::string("0 11 trixie /os/trixie\n0 0 shut /os/sl6\n0 0 lab /os/alma9\n"
                                        "0 0 gone /os/gone\n0 0 default /os/trixie\n"));
}

CHOS_CASE(usage_beside_new_lists, 60) {
  /*
   * Every new list has more OSs than a reader has allocated room for.  A process in an OS of an
   * earlier list must still be counted.
   */
  Node node;
  ParkedProcesses parked;
  parked.add(kAnna, [] { CHECK_OK(enter("trixie")); });
  Shared<std::atomic<bool>> stop;
  const pid_t writer = start(kRoot, [&] {
    for (int i = 0; i < 100 && !stop->load(); ++i) {
      std::string list = kList;
      for (int k = 0; k < 100; ++k) {
        list += "n" + std::to_string(100 * i + k) + ":/os/sl6\n";
      }
      CHECK_OK(allow(list));
      /* Enters an OS that may be newer than the start of the reader's walk. */
      AS(kAnna, [i] { CHECK_OK(enter("n" + std::to_string(100 * i + 99))); });
    }
  });
  for (int i = 0; i < load(100, 1000); ++i) {
    const auto all = usage();
    CHECK_EQ(all.at(0).path, std::string("/os/trixie"));
    CHECK_EQ(all.at(0).processes, 1u);
  }
  stop->store(true);
  FINISH(writer);
}

}  // namespace chos::guest
