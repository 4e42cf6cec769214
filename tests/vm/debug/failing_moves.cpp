/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every allocation fails once while a process enters and leaves, is refused, and forks: after an error the
 * process is where it was, and a child is where its parent is.
 */
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include "failing.h"

namespace chos::guest {
namespace {

constexpr int kNames = 400;

/* Many names for one tree: the module allocates memory for each of them when it is first entered. */
std::string many_names() {
  std::string list = kList;
  for (int i = 0; i < kNames; ++i) list += "t" + std::to_string(i) + ":/os/trixie\n";
  return list;
}

/* A PID whose word is in a page, for the first 14 of them also below a page, that nobody has used. */
pid_t fresh_pid(int n) { return static_cast<pid_t>((1 + n % 14) * 262144 + (n / 14) * 512 + 7); }

/* The view of a process in an OS that has several names. */
std::string tree_view() {
  return link_of(CHOS_LINK) + " " + get("/usr/id") + (exists("/os") ? " in the farm" : "");
}
const std::string kInside = "/os/trixie trixie in the farm";
const std::string kOutside = "/ base";

struct Outcome {
  std::atomic<bool> failed{false};
};

/*
 * Runs code in a process with a fresh PID, which shares its directories with its parent if asked.  The code
 * returns whether an allocation failed.  It runs as root, who alone may make allocations fail.
 */
bool in_fresh_process(int n, uint64_t flags, const std::function<bool()>& code) {
  Shared<Outcome> outcome;
  const pid_t holder = start(kRoot, [&] {
    const pid_t pid = clone_fork(flags, fresh_pid(n));
    CHECK_OK(pid);
    if (pid == 0) {
      checked([&] { outcome->failed = code(); })();
      _exit(0);
    }
    CHECK_EQ(wait_status(pid), 0);
    CHECK_EQ(tree_view(), kOutside);
  });
  FINISH(holder);
  return outcome->failed;
}

/* Writes with a failing allocation; an error must be ENOMEM.  Returns whether the write succeeded. */
bool write_with_failure(int fd, const std::string& text, int n, bool& failed) {
  FailNth nth;
  nth.arm(n);
  const long result = sys(pwrite(fd, text.data(), text.size(), 0));
  failed = nth.disarm();
  CHECK_SAY(result >= 0 || (failed && result == -ENOMEM), show_result(result));
  return result >= 0;
}

}  // namespace

CHOS_CASE(failing_enter, 120) {
  prepare_failing();
  const Sysctl all("/proc/sys/kernel/pid_max", "4194304");
  Node node;
  CHECK_OK(allow(many_names()));
  int next = 0;
  for (const uint64_t flags : {uint64_t{0}, uint64_t{CLONE_FS}}) {
    const int failed = fail_each_process(flags ? "entering, directories shared" : "entering", [&](int n) {
      ++next;
      return in_fresh_process(next, flags, [&] {
        const Fd set = open_file(CHOS_SETCHOS, O_WRONLY);
        bool out = false;
        const bool in = write_with_failure(set.get(), "t" + std::to_string(next), n, out);
        CHECK_EQ(tree_view(), in ? kInside : kOutside);
        CHECK_OK(enter("trixie")); /* nothing prevents another try */
        CHECK_EQ(tree_view(), kInside);
        return out;
      });
    });
    CHECK(failed > 3);
  }
}

CHOS_CASE(failing_switch_and_leave, 120) {
  prepare_failing();
  const Sysctl all("/proc/sys/kernel/pid_max", "4194304");
  Node node;
  CHECK_OK(allow(many_names()));
  int next = 0;
  for (const bool leaving : {false, true}) {
    const int failed = fail_each_process(leaving ? "leaving" : "switching", [&](int n) {
      ++next;
      return in_fresh_process(next, 0, [&] {
        CHECK_OK(enter("sl6"));
        const Fd set = open_file(CHOS_SETCHOS, O_WRONLY);
        bool out = false;
        const bool moved = write_with_failure(set.get(), leaving ? "/" : "t" + std::to_string(next), n, out);
        CHECK_EQ(tree_view(), !moved ? "/os/sl6 sl6 in the farm" : leaving ? kOutside : kInside);
        return out;
      });
    });
    CHECK(failed > 0);
  }
}

CHOS_CASE(failing_refusal, 60) {
  /* The log and the audit log need memory; the refusal does not depend on them. */
  prepare_failing();
  Node node;
  AS(kRoot, [] {
    CHECK_OK(enter("sl6"));
    const Fd set = open_file(CHOS_SETCHOS, O_WRONLY);
    FailNth nth;
    int n = 1;
    for (bool failed = true; failed; ++n) {
      nth.arm(n);
      const long result = sys(pwrite(set.get(), "nope", 4, 0));
      failed = nth.disarm();
      CHECK_ERR(result, ENOENT);
      CHECK_VIEW("sl6");
    }
    note("a refusal: " + std::to_string(n - 2) + " allocations failed");
  });
}

CHOS_CASE(failing_fork, 240) {
  prepare_failing();
  const Sysctl all("/proc/sys/kernel/pid_max", "4194304");
  auto node = std::make_unique<Node>();
  int next = 0, lost = 0;
  for (const uint64_t flags : {uint64_t{0}, uint64_t{CLONE_FS}, uint64_t{CLONE_NEWNS}}) {
    const std::string what = "forking with flags " + std::to_string(flags);
    const int failed = fail_each_process(what.c_str(), [&](int n) {
      const pid_t tid = fresh_pid(++next);
      Shared<Outcome> outcome;
      AS(kRoot, [&] {
        CHECK_OK(enter("trixie"));
        FailNth nth;
        CHECK_OK(put("/proc/sys/kernel/ns_last_pid", std::to_string(tid - 1)));
        /* The child shares the memory, so that no page of this process has to be copied before disarm(). */
        alignas(16) static char stack[16384];
        nth.arm(n);
        const long pid = raw_child(
            flags | CLONE_VFORK, [](void*) { return raw_link_is("/os/trixie") ? 0 : 1; }, nullptr,
            stack + sizeof stack);
        outcome->failed = nth.disarm();
        if (pid > 0) CHECK_EQ(wait_status(static_cast<pid_t>(pid)), 0);
        if (pid < 0) CHECK_SAY(outcome->failed && pid == -ENOMEM, show_result(pid));
        CHECK_VIEW("trixie");
      });
      if (version()["fork_tracking"] == "lost") {
        ++lost;
        node.reset();
        node = std::make_unique<Node>();
      }
      return outcome->failed.load();
    });
    CHECK(failed > 10);
  }
  note("the module's own allocation failed in " + std::to_string(lost) + " forks");
  CHECK(lost > 0);
}

}  // namespace chos::guest
