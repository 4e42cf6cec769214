// SPDX-License-Identifier: BSD-3-Clause
#include "basic/child_work.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "allowlist/allowlist.h"
#include "inspect/finding.h"
#include "process_state.h"
#include "report/doctor.h"
#include "report/doctor_batch.h"

namespace chos::test {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::seconds;

TEST(ChildWork, SaysWhatItIsTold) {
  const std::string much(200000, 'x');
  const auto said = do_in_child([&much] { return much; }, 10);
  ASSERT_TRUE(said);
  EXPECT_EQ(*said, much);
  const auto nothing = do_in_child([] { return std::string(); }, 10);
  ASSERT_TRUE(nothing);
  EXPECT_EQ(*nothing, "");
  const auto pid = ::getpid();
  const auto where = do_in_child([pid] { return std::string(::getpid() == pid ? "here" : "there"); }, 10);
  ASSERT_TRUE(where);
  EXPECT_EQ(*where, "there");
}

TEST(ChildWork, IsNotWaitedFor) {
  const auto began = Clock::now();
  const auto stuck = do_in_child(
      []() -> std::string {
        for (;;) ::pause();
      },
      1);
  ASSERT_FALSE(stuck);
  EXPECT_EQ(stuck.error().code, ETIMEDOUT);
  EXPECT_FALSE(do_in_child([]() -> std::string { ::_exit(0); }, 30));
  EXPECT_LT(Clock::now() - began, seconds(5));
}

// Where nothing can be opened: what is done apart might not return, so it is not done here.
bool take_descriptors() {
  const rlimit none{0, 0};
  return ::setrlimit(RLIMIT_NOFILE, &none) == 0;
}

// Nor may this user start a process.
bool take_processes() {
  const rlimit none{0, 0};
  return ::setrlimit(RLIMIT_NPROC, &none) == 0 && (::geteuid() != 0 || ::setuid(65534) == 0);
}

TEST(ChildWork, OrNotAtAll) {
  const auto tried = [](bool (*take)(), int code) {
    return in_a_process([take, code] {
      if (!take()) return 2;
      bool here = false;
      const auto said = do_in_child(
          [&here] {
            here = true;
            return std::string();
          },
          10);
      return !here && !said && said.error().code == code ? 0 : 1;
    });
  };
  EXPECT_EQ(tried(take_descriptors, EMFILE), 0);
  EXPECT_EQ(tried(take_processes, EAGAIN), 0);
}

TEST(ChildWork, DoctorSaysSo) {
  EXPECT_EQ(
      in_a_process([] {
        if (!take_descriptors()) return 2;
        Findings findings;
        examine_batch_in_child(Node(), Allowlist(), TreeStates(), 10, findings);
        const auto& what = findings.empty() ? "" : findings[0].what;
        return what == "could not find out whether jobs of Slurm run in OSs: cannot start a process: Too "
                       "many open files"
                   ? 0
                   : 1;
      }),
      0);
}

}  // namespace
}  // namespace chos::test
