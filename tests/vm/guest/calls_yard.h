/* SPDX-License-Identifier: BSD-3-Clause */
/* The place where the tasks of calls.h live: a mount namespace of their own, the board, and orders. */
#ifndef CHOS_GUEST_CALLS_YARD_H
#define CHOS_GUEST_CALLS_YARD_H

#include <functional>
#include <set>
#include <string>

#include "calls_model.h"
#include "node.h"

namespace chos::guest {

class Yard {
 public:
  /* Moves this process to a private mount namespace and makes what the tasks need there. */
  Yard();
  Yard(const Yard&) = delete;
  Yard& operator=(const Yard&) = delete;
  /* Kills all tasks. */
  ~Yard();

  Board& board() const { return *board_; }
  Task& task(int place) const { return board_->tasks[place]; }
  /* Makes a task that is a child of this process. */
  void add(int place, const Who& who);
  /* A place that no task has, prepared for a new one. */
  int free_place();
  /* Takes back a place for which no task could be made. */
  void give_back(int place);
  /* Waits until a new task runs. */
  void await_birth(int place);
  /* Tells a task to carry out the order that was written at its place. */
  void tell(int place);
  /* Waits for the answer to the last order.  Returns whether the task answered: it may have ended. */
  bool answered(int place);
  /* The numbers in the task's sight. */
  pid_t process_of(int place) const;
  pid_t thread_of(int place) const;
  /*
   * Waits until tasks that end are gone, or are leaders whose process has other threads.  Returns false
   * if one of them lives on.
   */
  bool await_end(const std::vector<int>& places);
  /* Waits until a number on the board is another one. */
  static void wait_while(const std::atomic<int>& number, int value);
  /* The kind of root directory that a task sees, in words. */
  std::string root_seen(const Sight& sight) const;
  static const char* name_of(Place::Root root);
  /* "PID NAME" of each process in an OS, as root sees it. */
  static std::set<std::string> processes();

 private:
  bool is_gone(int place) const;
  bool has_heir(int place) const;

  struct Root {
    dev_t device;
    ino_t inode;
  };
  Board* board_;
  Root roots_[3];
  std::set<int> taken_;
  std::string threads_[kMostTasks]; /* what the sights had for thread when no task was writing them */
};

/* The path of an OS of kCallsList, as its link shows it. */
const char* path_of(const std::string& os);
/* The monotonic clock. */
double seconds_now();
/*
 * Calls run(yard, seed) with one seed after the other and a new yard each time, on a node with kCallsList,
 * for some seconds times time_scale(), but at least once.  The first seed is CHOS_SEED, or 1.
 */
void for_seconds(double seconds, const std::function<void(Yard&, uint64_t)>& run);

}  // namespace chos::guest

#endif
