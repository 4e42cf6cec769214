/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Allocations that fail on demand, one after another: the kernel's fault injection, by
 * /proc/thread-self/fail-nth (Documentation/fault-injection).
 */
#ifndef CHOS_DEBUG_FAILING_H
#define CHOS_DEBUG_FAILING_H

#include <functional>

#include "node.h"

namespace chos::guest {

/* Makes slab and page allocations of every kind and order fail on demand; skips the case without that. */
void prepare_failing();

/* Lets one allocation of the calling task fail. */
class FailNth {
 public:
  FailNth();
  /* From now on, the n-th allocation fails; n counts from 1. */
  void arm(int n);
  /* Returns whether an allocation failed since arm(), and lets the next ones succeed. */
  bool disarm();

 private:
  Fd fd_;
};

/*
 * Runs an operation in the calling task again and again: its first allocation fails in the first run, its
 * second one in the second run, until a run has fewer allocations.  `check` gets the result of each run.
 * Returns the number of allocations that failed.
 */
int fail_each(const std::function<long()>& operation, const std::function<void(long result, int n)>& check);

/*
 * The same with an operation whose every run needs a process of its own.  run(n) makes the process, calls
 * arm(n) and disarm() in it, checks the result, and returns whether an allocation failed.
 */
int fail_each_process(const char* what, const std::function<bool(int n)>& run);

}  // namespace chos::guest

#endif
