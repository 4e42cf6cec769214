// SPDX-License-Identifier: BSD-3-Clause
#include "basic/process_info.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <sstream>

#include "basic/child_process.h"
#include "basic/files.h"

namespace chos {
namespace {

// The page that holds the arguments of this process.
char* page_of_arguments() {
  const auto stat = read_file("/proc/self/stat", 4096);
  std::istringstream fields(stat->substr(stat->rfind(')') + 2));
  std::string field;
  constexpr int arg_start = 48, first = 3;
  for (int i = first; i <= arg_start; ++i) fields >> field;
  return reinterpret_cast<char*>(std::stoull(field) & ~std::uint64_t{4095});
}

// Makes every access to the page wait for good.
bool never_answers(char* page) {
  const auto fd = static_cast<int>(::syscall(SYS_userfaultfd, O_CLOEXEC));
  struct uffdio_api api {};
  api.api = UFFD_API;
  struct uffdio_register all {};
  all.range = {reinterpret_cast<std::uint64_t>(page), 4096};
  all.mode = UFFDIO_REGISTER_MODE_MISSING;
  return fd >= 0 && ::ioctl(fd, UFFDIO_API, &api) == 0 &&
         ::mmap(page, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == page &&
         ::ioctl(fd, UFFDIO_REGISTER, &all) == 0;
}

// A user may have mapped a file there of a file system that they serve themselves.
TEST(Processes, ArgumentsThatCannotBeReadDelayNobody) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can make such a process in this way";
  auto pipe = make_pipe();
  char* const page = page_of_arguments();
  const pid_t user = ::fork();
  if (user == 0) {
    const bool made = never_answers(page);
    if (::setuid(65534) != 0 || ::prctl(PR_SET_DUMPABLE, 1) != 0) ::_exit(1);
    (void)write_all(pipe->writer.get(), made ? "1" : "0");
    for (;;) ::pause();
  }
  char made = 0;
  ASSERT_EQ(::read(pipe->reader.get(), &made, 1), 1);
  if (made == '1') {
    const auto began = std::chrono::steady_clock::now();
    for (int i = 0; i < 10; ++i) {
      const auto about = describe_process(user);
      ASSERT_TRUE(about);
      EXPECT_EQ(about->uid, 65534U);
      EXPECT_EQ(about->command, "[chos_basic_test]");
    }
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
  }
  ::kill(user, SIGKILL);
  wait_for_child(user);
  if (made != '1') GTEST_SKIP() << "no userfaultfd here";
}

TEST(Processes, Describe) {
  const auto self = describe_process(::getpid());
  ASSERT_TRUE(self);
  EXPECT_EQ(self->uid, ::geteuid());
  EXPECT_NE(self->command.find("chos_basic_tests"), std::string::npos);
  EXPECT_FALSE(describe_process(0x7ffffff0));
}

}  // namespace
}  // namespace chos
