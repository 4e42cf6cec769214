/* SPDX-License-Identifier: BSD-3-Clause */
/* Load: many processes switch at random and read at once, while the allowlist is replaced. */
#include <sys/resource.h>
#include <unistd.h>

#include "node.h"

namespace chos::guest {
namespace {

constexpr const char* kNames[] = {"/", "trixie", "sl6", "alma9"};
constexpr int kSwitchers = 16;
constexpr int kReaders = 64;

struct Board {
  std::atomic<bool> stop{false};
  Event ready;
  Event go;
  std::atomic<long> switches{0};
  std::atomic<long> looks{0};
};

void read_until_stopped(Board& board, const char* name) {
  CHECK_OK(enter(name));
  board.ready.add();
  board.go.wait();
  long looks = 0;
  while (!board.stop) {
    CHECK_VIEW(name);
    ++looks;
  }
  board.looks += looks;
}

/* Errors in `refused` are expected: the process must stay in its OS. */
void switch_until_stopped(Board& board, int seed, const std::vector<int>& refused) {
  Random random(static_cast<uint64_t>(seed));
  std::string at = "/";
  board.ready.add();
  board.go.wait();
  long switches = 0;
  while (!board.stop) {
    const std::string to = kNames[random.below(4)];
    const int result = enter(to);
    if (result == 0) {
      at = to;
    } else {
      bool fine = false;
      for (const int error : refused) fine = fine || result == -error;
      CHECK_SAY(fine, to + ": " + show_result(result));
    }
    CHECK_VIEW(at);
    if (random.below(4) == 0) AS(kAnna, [&at] { CHECK_VIEW(at); });
    ++switches;
  }
  board.switches += switches;
}

std::vector<pid_t> start_storm(Board& board, const std::vector<int>& refused) {
  std::vector<pid_t> all;
  for (int i = 0; i < kReaders; ++i) {
    const char* name = kNames[i % 4];
    const Who& who = i % 2 ? kAnna : kBert;
    all.push_back(start(who, [&board, name] { read_until_stopped(board, name); }));
  }
  for (int i = 0; i < kSwitchers; ++i) {
    all.push_back(start(kAnna, [&board, i, &refused] { switch_until_stopped(board, i + 1, refused); }));
  }
  board.ready.wait(kReaders + kSwitchers);
  return all;
}

void end_storm(Board& board, const std::vector<pid_t>& all) {
  board.stop = true;
  for (const pid_t pid : all) FINISH(pid);
  note(std::to_string(board.switches) + " switches, " + std::to_string(board.looks) + " looks");
  CHECK(board.switches > 0);
  CHECK(board.looks > 0);
}

}  // namespace

CHOS_CASE(storm_switchers_and_readers, 60) {
  Node node;
  Shared<Board> board;
  const auto all = start_storm(*board, {});
  board->go.add();
  /* One more switcher, as fast as the others, determines the duration. */
  AS(kAnna, [] {
    Random random(99);
    for (int i = 0; i < load(150, 10000); ++i) {
      const char* name = kNames[random.below(4)];
      CHECK_OK(enter(name));
      CHECK_VIEW(name);
    }
  });
  end_storm(*board, all);
}

CHOS_CASE(storm_allowlist_replaced_10000_times, 60) {
  /*
   * sl6 is removed and added; alma9 is closed, limited to groups, and opened.  Processes inside stay
   * where they are.
   */
  Node node;
  Shared<Board> board;
  const auto all = start_storm(*board, {ENOENT, EACCES});
  const std::string full = std::string(kList);
  const long interned = counter("interned");
  const std::string lists[] = {
      full,
      "base:/\ntrixie:/os/trixie\nalma9:/os/alma9:closed\n",
      "# a comment\nalma9:/os/alma9:groups=4711\nsl6:/os/sl6\n",
      "half a line",
      "trixie:/os/trixie\nsl6:/os/sl6\nalma9:/os/alma9:nosuid,groups=1000|1001\nbase:/",
      "\n",
  };
  /* Get processor time before the other processes, to finish within the limit. */
  setpriority(PRIO_PROCESS, 0, -19);
  board->go.add();
  for (int i = 0; i < load(10000, 100000); ++i) {
    const std::string& list = lists[i % 6];
    if (i % 6 == 3) {
      CHECK_ERR(allow(list), EINVAL);
    } else {
      CHECK_OK(allow(list));
    }
  }
  end_storm(*board, all);
  CHECK_OK(allow(full));
  CHECK_EQ(get(CHOS_VALID), full);
  CHECK_EQ(counter("interned"), interned); /* repeated lists add no OS to the table */
}

}  // namespace chos::guest
