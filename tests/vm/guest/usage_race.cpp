/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * /proc/chos/usage while processes come, go and are on their way: whoever deletes a tree goes by
 * its zero, so there must be none while anybody is in it or gets into it.
 */
#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>

#include "usage.h"

namespace chos::guest {
namespace {

/* Processes that fork in the base OS until told to stop. */
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

/* A line of processes: each forks the next and is gone. */
struct Line {
  pid_t low = 0, high = 0; /* a hundred PIDs from each on are free */
  std::atomic<bool> stop{false};
  std::atomic<unsigned> members{0};
  Event ended;
};

/*
 * In the first of a line, which root has begun.  PIDs go from low to high and back at each step,
 * so whoever walks by rising PIDs is passed by every other one.
 */
void begin_line(Line& line) {
  for (pid_t i = 0; !line.stop; ++i) {
    /* -EEXIST: a member of before is not reaped yet. */
    const pid_t next = clone_fork(0, (i % 2 ? line.low : line.high) + i % 100);
    if (next > 0) _exit(0);
    if (next == 0) line.members.fetch_add(1);
  }
  line.ended.add();
  _exit(0);
}

}  // namespace

CHOS_CASE(usage_never_zero, 90) {
  /* A line of processes keeps an OS in use; seldom more than two of it live at a time. */
  Node node;
  const Sysctl all("/proc/sys/kernel/pid_max", "4194304"); /* none comes twice */
  Shared<Line> line;
  AS(kRoot, [&] {
    /* Who goes by PIDs shall have a long way from the low ones to the high ones. */
    CHECK_OK(enter("trixie"));
    pid_t last = 0;
    for (int i = 0; i < 7000; ++i) {
      last = static_cast<pid_t>(raw(SYS_vfork));
      if (last == 0) raw(SYS_exit, 0);
      wait_status(last);
    }
    line->low = last - 6500;
    line->high = last - 150;
  });
  Sitting crowd;
  for (int i = 0; i < 100; ++i) crowd.add(kBert, [] {});
  AS(kRoot, [&] {
    CHECK_OK(enter("trixie"));
    if (fork() == 0) begin_line(*line);
  });
  {
    Forkers forkers(1);
    for (int i = 0; i < load(300, 10000) || line->members < 300; ++i) {
      CHECK_SAY(processes_in("/os/trixie") > 0, "read " + std::to_string(i));
    }
  }
  note("members of the line: " + std::to_string(line->members));
  line->stop = true;
  line->ended.wait();
}

CHOS_CASE(usage_on_the_way_in, 60) {
  /*
   * Some have been allowed in and still look for the tree when the list without it comes into
   * force.  Each of them counts, or does not get in.
   */
  Node node;
  /*
   * A look-up that takes its time: 37 links, each with more than a thousand steps back and forth.
   * /proc at its begin takes the walk out of RCU mode, in which usage would wait for its end.
   */
  make_tree("slow");
  const std::string trees = std::string(kTrees) + "/";
  make_dirs(trees + "d");
  std::string steps = "../proc/fs/../../os/";
  while (steps.size() < 4050) steps += "d/../";
  for (int i = 0; i < 37; ++i) {
    make_link(steps + (i ? "link" + std::to_string(i - 1) : "slow"),
              trees + "link" + std::to_string(i));
  }
  const std::string path = "/os/link36";
  constexpr int kMany = 8;
  unsigned long on_their_way = 0, too_late = 0;
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
        on_their_way += pending[i];
      } else {
        CHECK_EQ(board->result[i].load(), -ENOENT);
        too_late++;
      }
    }
    CHECK_SAY(counted >= inside, "round " + std::to_string(round) + ": " +
                                     std::to_string(counted) + " counted, in it " +
                                     std::to_string(inside));
    CHECK_EQ(processes_in(path), 0u); /* and nobody is on the way for ever */
  }
  note("on their way: " + std::to_string(on_their_way) + ", too late: " + std::to_string(too_late));
  CHECK(on_their_way > 0);
}

CHOS_CASE(usage_refusals_do_not_count, 20) {
  /* Whoever was refused, or left by the name of an entry of the base OS, is on no way. */
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
  CHECK_EQ(get(CHOS_USAGE),
           std::string("0 11 trixie /os/trixie\n0 0 shut /os/sl6\n0 0 lab /os/alma9\n"
                       "0 0 gone /os/gone\n0 0 default /os/trixie\n"));
}

CHOS_CASE(usage_beside_new_lists, 60) {
  /* Each list brings more OSs than a reader has room for; who is in one of before is seen. */
  Node node;
  Sitting sitting;
  sitting.add(kAnna, [] { CHECK_OK(enter("trixie")); });
  Shared<std::atomic<bool>> stop;
  const pid_t writer = start(kRoot, [&] {
    for (int i = 0; i < 100 && !stop->load(); ++i) {
      std::string list = kList;
      for (int k = 0; k < 100; ++k) {
        list += "n" + std::to_string(100 * i + k) + ":/os/sl6\n";
      }
      CHECK_OK(allow(list));
      /* In an OS that the reader may not have known when it began. */
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
