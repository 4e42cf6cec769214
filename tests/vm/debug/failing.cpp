/* SPDX-License-Identifier: BSD-3-Clause */
#include "failing.h"

#include <fcntl.h>
#include <unistd.h>

namespace chos::guest {
namespace {

/* Operations have some tens of allocations, loading a module some hundreds. */
constexpr int kMost = 3000;

void tell(const char* what, int n) {
  note(std::string(what) + ": " + std::to_string(n) + " allocations failed");
}

}  // namespace

void prepare_failing() {
  for (const std::string kind : {"failslab", "fail_page_alloc"}) {
    const std::string folder = "/sys/kernel/debug/" + kind;
    if (!exists(folder)) skip("this kernel has no " + kind);
    CHECK_OK(put(folder + "/ignore-gfp-wait", "N")); /* those that may sleep fail too */
    CHECK_OK(put(folder + "/verbose", "0"));
  }
  CHECK_OK(put("/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem", "N"));
  CHECK_OK(put("/sys/kernel/debug/fail_page_alloc/min-order", "0"));
}

FailNth::FailNth() : fd_(open_file("/proc/thread-self/fail-nth", O_RDWR)) { CHECK_OK(fd_.get()); }

void FailNth::arm(int n) {
  const std::string text = std::to_string(n);
  CHECK_EQ(sys(pwrite(fd_.get(), text.data(), text.size(), 0)), static_cast<long>(text.size()));
}

bool FailNth::disarm() {
  char left[16] = {};
  CHECK_OK(sys(pread(fd_.get(), left, sizeof left - 1, 0)));
  arm(0);
  return atoi(left) == 0;
}

int fail_each(const std::function<long()>& operation, const std::function<void(long, int)>& check) {
  FailNth nth;
  for (int n = 1; n < kMost; ++n) {
    nth.arm(n);
    const long result = operation();
    const bool failed = nth.disarm();
    CHECK_SAY(failed || result >= 0, "without a failed allocation: " + show_result(result));
    check(result, n);
    if (!failed) return n - 1;
  }
  fail(__FILE__, __LINE__, "an operation has no end of allocations");
}

int fail_each_process(const char* what, const std::function<bool(int)>& run) {
  for (int n = 1; n < kMost; ++n) {
    if (run(n)) continue;
    tell(what, n - 1);
    return n - 1;
  }
  fail(__FILE__, __LINE__, "an operation has no end of allocations");
}

}  // namespace chos::guest
