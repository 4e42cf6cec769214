/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tasks that make system calls on request: processes and threads, made by each other with every flag of
 * clone(2).  They share a board in memory, with a place for each task, on which orders and answers are
 * written.  A task uses nothing but raw system calls, so it may share the memory of its parent.
 */
#ifndef CHOS_GUEST_CALLS_H
#define CHOS_GUEST_CALLS_H

#include <sys/types.h>

#include <atomic>
#include <cstdint>

#include "sys.h"

namespace chos::guest {

inline constexpr int kMostTasks = 48;
/* Descriptors that every task has, programs that it executes included. */
inline constexpr int kBoardFd = 90;
inline constexpr int kBaseFd = 91;   /* the base root of the first mount namespace */
inline constexpr int kRaisedFd = 92; /* a setuid program of the base */
inline constexpr int kSocketFds[] = {93, 94};
inline constexpr int kNamespaceFds[] = {95, 96};       /* mount namespaces: the first one, and a copy of it */
inline constexpr const char* kJailPath = "/home/jail"; /* a root that is neither the base nor a farm */

enum class Call {
  kNothing,
  kEnter,     /* writes `word` to setchos */
  kFork,      /* clone3(2) with `flags`; the child is task `other` */
  kShareFork, /* the same with CLONE_VM; the child may be a thread */
  kVforkOnce, /* clone(2) with `flags`, CLONE_VM and CLONE_VFORK: the child writes `word`, looks, and exits */
  kExec,
  kExecRaised, /* the setuid program */
  kUnshare,
  kSetns,  /* kNamespaceFds[other] */
  kChroot, /* to the jail */
  kEscape, /* fchdir(2) to kBaseFd, and chroot(2) there */
  kChdir,  /* to `word` */
  kCover,  /* a file system over the farm */
  kUncover,
  kTrace,   /* stops and continues the task with the TID `other` as a debugger does */
  kUser,    /* becomes the user `other` for good */
  kSend,    /* opens setchos and sends the descriptor */
  kReceive, /* receives it and writes `word` to it */
  kExit,    /* this task alone, not its process */
  kRoam,    /* makes `other` random calls without further orders; `flags` is the seed */
};

/* What a task sees of itself. */
struct Sight {
  char link[64];
  char name[64];
  dev_t device; /* of its root directory */
  ino_t inode;
  uid_t euid;      /* of a program that was just executed, before it gave that up */
  char thread[64]; /* /proc/thread-self: TGID/task/TID in the first PID namespace */
};

struct Task {
  std::atomic<int> told, done; /* numbers of orders; the first one is to exist */
  std::atomic<int> roaming;    /* random calls that are left */
  Call call;
  uint64_t flags;
  long other;
  char word[64];
  long result;
  Sight sight;
  Sight child; /* what the child of kVforkOnce saw; its result is in child_result */
  long child_result;
  bool threaded; /* it has shared its process with another task */
  char stack[16384];
};

struct Board {
  std::atomic<int> used;    /* places that were given out */
  std::atomic<int> roaming; /* tasks that roam */
  std::atomic<int> odd;     /* what a roaming task saw was not what it did; see odd_sight */
  Sight odd_sight;
  char odd_word[64];
  Task tasks[kMostTasks];
};

/* The life of the task at a place; never returns.  Uses raw system calls only. */
[[noreturn]] void live(Board& board, int place);
/* The same in a program that a task has executed: finds the board again.  Returns only on error. */
int live_again(int place);

}  // namespace chos::guest

#endif
