/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tasks of calls.h make random calls all at the same time.  There is no model for that; but when they
 * have stopped, the word and the root directory of each of them must agree, and a process with one task must
 * have been where it went.  A seed repeats the calls, not their order.
 */
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "calls_yard.h"

namespace chos::guest {
namespace {

/* After all tasks have stopped, the word and the root of each of them must agree. */
void check_agreement(Yard& yard, uint64_t number) {
  std::set<std::string> inside;
  const int used = std::min(yard.board().used.load(), kMostTasks);
  for (int place = 0; place < used; ++place) {
    Task& task = yard.task(place);
    if (!task.told) continue; /* it could not be made */
    yard.await_birth(place);
    task.call = Call::kNothing;
    yard.tell(place);
    CHECK(yard.answered(place));
    const std::string os = task.sight.name;
    const std::string root = yard.root_seen(task.sight);
    CHECK_SAY(root == (os == "/" ? "base" : "farm") && task.sight.link == std::string(path_of(os)),
              "task " + std::to_string(place) + " is in " + os + ", its link is " + task.sight.link +
                  ", its root the " + root + "; seed of this run: " + std::to_string(number));
    if (os != "/") inside.insert(std::to_string(yard.process_of(place)) + " " + os);
  }
  CHECK(Yard::processes() == inside);
}

/* Waits until no task roams.  One that never stops has died, or hangs: the message shows all of them. */
void await_rest(Yard& yard, uint64_t number) {
  std::atomic<int>& roaming = yard.board().roaming;
  const double end = seconds_now() + 10 * time_scale();
  const timespec second{1, 0};
  for (int left = roaming; left > 0; left = roaming) {
    syscall(SYS_futex, &roaming, FUTEX_WAIT, left, &second, nullptr, 0);
    if (seconds_now() < end) continue;
    for (int place = 0; place < std::min(yard.board().used.load(), kMostTasks); ++place) {
      const Task& task = yard.task(place);
      int error = 0;
      note(std::to_string(place) + ": told " + std::to_string(task.told) + " done " +
           std::to_string(task.done) + " calls left " + std::to_string(task.roaming) +
           (task.threaded ? " threaded " : " ") + task.sight.thread + " " +
           get(std::string("/proc/") + task.sight.thread + "/syscall", &error));
    }
    fail(__FILE__, __LINE__,
         std::to_string(left) + " tasks do not stop; seed of this run: " + std::to_string(number));
  }
}

void all_at_once(Yard& yard, uint64_t number) {
  constexpr int kFirst = 6;
  Board& board = yard.board();
  board.used = kFirst;
  const Who* users[] = {&kAnna, &kRoot, &kBert};
  for (int place = 0; place < kFirst; ++place) yard.add(place, *users[place % 3]);
  for (int place = 0; place < kFirst; ++place) {
    Task& task = yard.task(place);
    task.call = Call::kRoam;
    task.flags = number + static_cast<uint64_t>(place);
    task.other = 60;
    yard.tell(place);
  }
  for (int place = 0; place < kFirst; ++place) CHECK(yard.answered(place));
  await_rest(yard, number);
  CHECK_SAY(!board.odd, std::string("a process went to ") + board.odd_word + " and is in " +
                            board.odd_sight.name + "; seed of this run: " + std::to_string(number));
  check_agreement(yard, number);
}

}  // namespace

CHOS_CASE(calls_at_once, load(30, 600)) { for_seconds(load(3, 500), all_at_once); }

}  // namespace chos::guest
