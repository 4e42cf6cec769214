/* SPDX-License-Identifier: BSD-3-Clause */
/* Orphans: all their ancestors have exited before they read the link for the first time. */
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "node.h"

namespace chos::guest {
namespace {

constexpr int kAtOnce = 500; /* orphans that exist at the same time; a VM has 1 GiB of memory */
constexpr size_t kStack = 4096;
/* Share as much as possible, to make forks cheap: only the ancestry matters here. */
constexpr uint64_t kShared = CLONE_FS | CLONE_FILES | CLONE_SIGHAND;

struct Board {
  Event born;   /* counts the orphans that exist */
  Event look;   /* their ancestors have exited: read the link now */
  Event looked; /* counts the orphans that have read it */
  std::atomic<int> wrong{0};
  std::atomic<int> not_orphaned{0};
};

/* The input of one orphan. */
struct Orphan {
  Board* board;
  const char* want;
  pid_t reaper;
  char* stack;
};

/* Shares its memory with other processes, so it uses nothing of libc, only atomics and raw(). */
int orphan(void* argument) {
  const auto& self = *static_cast<Orphan*>(argument);
  self.board->born.add();
  self.board->look.wait();
  if (raw(SYS_getppid) != self.reaper) self.board->not_orphaned.fetch_add(1);
  if (!raw_link_is(self.want)) self.board->wrong.fetch_add(1);
  self.board->looked.add();
  return 0;
}

/* The parent of an orphan: starts it and exits. */
int parent(void* argument) {
  auto& child = *static_cast<Orphan*>(argument);
  return raw_child(CLONE_FILES | CLONE_SIGHAND, orphan, &child, child.stack) > 0 ? 0 : 1;
}

/* The grandparent: starts `count` parents, each of which starts one orphan; then it exits too. */
void make_batch(Board* board, const char* want, int count, pid_t reaper) {
  /* Never freed: the orphans use this memory after this process has exited. */
  auto& orphans = *new std::vector<Orphan>(static_cast<size_t>(count));
  auto& stacks = *new std::vector<char>((static_cast<size_t>(count) + 1) * kStack);
  auto& parent_stack = *new std::vector<char>(4 * kStack);
  for (size_t i = 0; i < orphans.size(); ++i) {
    orphans[i] = {board, want, reaper, stacks.data() + (i + 1) * kStack};
    const long pid =
        raw_child(kShared | CLONE_VFORK, parent, &orphans[i], parent_stack.data() + parent_stack.size());
    CHECK_OK(pid);
    CHECK_EQ(wait_status(static_cast<pid_t>(pid)), 0);
  }
}

void run_batch(const char* name, const char* want, int count) {
  Shared<Board> board;
  const pid_t reaper = getppid(); /* chos-guest, the subreaper */
  const pid_t grandparent = start(kAnna, [&] {
    CHECK_OK(enter(name));
    make_batch(&*board, want, count, reaper);
  });
  FINISH(grandparent);
  board->born.wait(count);
  board->look.add();
  board->looked.wait(count);
  CHECK_EQ(board->not_orphaned.load(), 0);
  CHECK_EQ(board->wrong.load(), 0);
}

}  // namespace

CHOS_CASE(orphans_10000, 60) {
  Node node;
  const int batches = load(10000, 100000) / kAtOnce;
  for (int i = 0; i < batches; ++i) {
    switch (i % 4) {
      case 0: run_batch("trixie", "/os/trixie", kAtOnce); break;
      case 1: run_batch("sl6", "/os/sl6", kAtOnce); break;
      case 2: run_batch("alma9", "/os/alma9", kAtOnce); break;
      default: run_batch("/", "/", kAtOnce); break;
    }
  }
}

CHOS_CASE(orphans_of_a_switched_parent, 20) {
  /* The grandparent switches to another OS, or leaves, before it exits. */
  Node node;
  Shared<Event> look, looked;
  Shared<std::atomic<int>> wrong;
  AS(kAnna, [&] {
    for (const char* name : {"trixie", "/", "sl6"}) {
      CHECK_OK(enter(name));
      for (int i = 0; i < 50; ++i) {
        AS(kAnna, [&] {
          if (fork()) return;
          look->wait();
          if (view() != name) wrong->fetch_add(1);
          looked->add();
          _exit(0);
        });
      }
    }
    CHECK_OK(enter("alma9"));
  });
  look->add();
  looked->wait(150);
  CHECK_EQ(wrong->load(), 0);
}

}  // namespace chos::guest
