// SPDX-License-Identifier: BSD-3-Clause
#include "basic/files.h"

#include <fcntl.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <csignal>
#include <thread>

#include "process_state.h"
#include "scratch.h"

namespace chos::test {
namespace {

class Files : public Scratch {};

TEST_F(Files, ReadAllStopsAtItsLimit) {
  const UniqueFd zero(::open("/dev/zero", O_RDONLY));
  const auto text = read_all(zero.get(), 1000, "zero");
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, EFBIG);
}

TEST_F(Files, AreTheSameByAnyName) {
  write("a", "");
  write("b", "");
  ASSERT_EQ(::link(path("a").c_str(), path("hard").c_str()), 0);
  ASSERT_EQ(::symlink("a", path("soft").c_str()), 0);
  const UniqueFd a(::open(path("a").c_str(), O_PATH | O_CLOEXEC));
  EXPECT_TRUE(same_file(path("a"), path("hard")));
  EXPECT_TRUE(same_file(a.get(), path("soft")));
  EXPECT_TRUE(same_file(path("hard"), a.get()));
  EXPECT_FALSE(same_file(a.get(), path("b")));
  EXPECT_FALSE(same_file(path("none"), path("none"))) << "neither is there";
  EXPECT_FALSE(same_file(-1, -1));
  EXPECT_TRUE(same_file("/", "/.."));
}

TEST_F(Files, AreReopenedAsTheyAre) {
  write("a", "text");
  const UniqueFd seen(::open(path("a").c_str(), O_PATH | O_CLOEXEC));
  ASSERT_EQ(::rename(path("a").c_str(), path("b").c_str()), 0);
  write("a", "another");
  EXPECT_EQ(*read_all(reopen(seen.get(), O_RDONLY).get(), 100, "a"), "text");
  EXPECT_EQ(path_of(seen.get()), path("b"));
  EXPECT_EQ(read_link(AT_FDCWD, path("a")), "");
  EXPECT_FALSE(reopen(-1, O_RDONLY));
}

TEST_F(Files, NamesInADirectory) {
  EXPECT_TRUE(*is_empty_directory(directory()));
  for (const char* name : {"b", ".a", "..."}) write(name, "");
  const std::vector<std::string> all{"...", ".a", "b"};
  EXPECT_EQ(*names_in(directory()), all);
  const UniqueFd fd(::open(directory().c_str(), O_PATH | O_CLOEXEC));
  EXPECT_EQ(*names_in(fd.get()), all);
  EXPECT_EQ(*names_in(fd.get()), all) << "it has no position that the next one begins at";
  EXPECT_FALSE(*is_empty_directory(directory()));
  EXPECT_EQ(names_in(path("none")).error().code, ENOENT);
  EXPECT_EQ(is_empty_directory(path("b")).error().code, ENOTDIR);
}

TEST_F(Files, DirectoriesAreMadeWithTheirModeWhateverTheUmask) {
  std::vector<std::string> made;
  const mode_t before = ::umask(077);
  const auto status =
      make_directories(path("a/b//c/"), 0755, [&made](const std::string& one) { made.push_back(one); });
  ::umask(before);
  ASSERT_TRUE(status) << status.error().what;
  EXPECT_EQ(made, (std::vector<std::string>{path("a"), path("a/b"), path("a/b/c")}));
  EXPECT_EQ(mode_of("a") & 07777, 0755u);
  EXPECT_EQ(mode_of("a/b/c") & 07777, 0755u);
  ASSERT_EQ(::chmod(path("a").c_str(), 0711), 0);
  EXPECT_TRUE(make_directories(path("a/d")));
  EXPECT_EQ(mode_of("a") & 07777, 0711u) << "it was there";
  EXPECT_EQ(mode_of("a/d") & 07777, 0700u);
  write("file", "");
  EXPECT_EQ(make_directories(path("file/x")).error().code, ENOTDIR);
}

TEST_F(Files, AllIsWrittenToAPipeThatIsFull) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const std::string much(1000000, 'x');
  const pid_t child = ::fork();
  if (child == 0) ::_exit(write_all(writer.get(), much) ? 0 : 1);
  writer.reset();
  EXPECT_EQ(read_all(reader.get(), 2000000, "pipe")->size(), much.size());
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_FALSE(write_all(-1, "x"));
}

// A signal ends a write of which a part is done, and so does a disk that becomes full.
TEST_F(Files, AWriteOfAPartIsNotTheEnd) {
  struct sigaction action {
  }, before{};
  action.sa_handler = [](int) {};
  ASSERT_EQ(::sigaction(SIGUSR1, &action, &before), 0);
  const std::string much(1 << 20, 'x');
  for (const bool once : {true, false}) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const UniqueFd reader(ends[0]);
    UniqueFd writer(ends[1]);
    const auto here = ::pthread_self();
    std::string got;
    std::thread other([&] {
      // The pipe is full, so the write has begun.
      for (int in_pipe = 0; in_pipe < 65536;) ASSERT_EQ(::ioctl(reader.get(), FIONREAD, &in_pipe), 0);
      for (int i = 0; i < 100; ++i) ::pthread_kill(here, SIGUSR1);
      got = *read_all(reader.get(), 2 << 20, "the pipe");
    });
    const auto status = once ? write_once(writer.get(), much, "it") : write_file(writer.get(), much, "it");
    writer.reset();
    other.join();
    EXPECT_EQ(status.ok(), !once);
    EXPECT_EQ(got.size() == much.size(), !once);
  }
  ASSERT_EQ(::sigaction(SIGUSR1, &before, nullptr), 0);
  const UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  EXPECT_EQ(write_file(full.get(), "x", "it").error().code, ENOSPC);
}

// The owner of a file may hold a lease on it, and open(2) waits for that, up to 45 seconds each time.
TEST_F(Files, ALeaseDelaysNobody) {
  write("file", "x");
  const UniqueFd user(::open(path("file").c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_EQ(::signal(SIGIO, SIG_IGN), SIG_DFL);
  if (::fcntl(user.get(), F_SETLEASE, F_WRLCK) != 0) GTEST_SKIP() << "no leases on this file system";
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(read_file(path("file"), 10).error().code, EWOULDBLOCK);
  EXPECT_EQ(open_regular(path("file")).error().code, EWOULDBLOCK);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
  ASSERT_EQ(::fcntl(user.get(), F_SETLEASE, F_UNLCK), 0);
  ASSERT_EQ(::signal(SIGIO, SIG_DFL), SIG_IGN);
}

TEST_F(Files, DescriptorsAreClosedFromOneOn) {
  EXPECT_EQ(in_a_process([] {
              const int first = ::open("/dev/null", O_RDONLY), second = ::dup(first), third = ::dup(second);
              close_descriptors(second, third);
              if (::fcntl(first, F_GETFD) < 0 || ::fcntl(second, F_GETFD) >= 0 || ::fcntl(third, F_GETFD) < 0)
                return 1;
              close_descriptors(first, first);
              close_descriptors(second);
              return ::fcntl(first, F_GETFD) >= 0 && ::fcntl(third, F_GETFD) < 0 ? 0 : 2;
            }),
            0);
}

}  // namespace
}  // namespace chos::test
