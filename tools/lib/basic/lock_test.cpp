// SPDX-License-Identifier: BSD-3-Clause
#include "basic/lock.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <thread>

#include "basic/child_process.h"
#include "scratch.h"

namespace chos::test {
namespace {

using std::chrono::milliseconds;

// A process that has locked a file, until the end of the test.
class Holder {
 public:
  explicit Holder(const std::string& path) {
    auto pipe = make_pipe();
    child_ = ::fork();
    if (child_ == 0) {
      const auto lock = take_lock(path);
      if (!lock || !write_all(pipe->writer.get(), "1")) ::_exit(1);
      for (;;) ::pause();
    }
    pipe->writer.reset();
    char byte = 0;
    EXPECT_EQ(::read(pipe->reader.get(), &byte, 1), 1);
  }
  Holder(const Holder&) = delete;
  ~Holder() { end(); }
  void end() {
    if (child_ < 0) return;
    ::kill(child_, SIGKILL);
    wait_for_child(child_);
    child_ = -1;
  }
  std::string process() const { return "process " + std::to_string(child_) + " '"; }

 private:
  pid_t child_ = -1;
};

// A process in a mount namespace of its own, as any user can make one, that has locked its own file of the
// same path, until the end of the test.
class Impostor {
 public:
  Impostor(const std::string& directory, const std::string& path) {
    auto pipe = make_pipe();
    child_ = ::fork();
    if (child_ == 0) {
      const bool is_apart = ::unshare(CLONE_NEWNS) == 0 &&
                            ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                            ::mount("tmpfs", directory.c_str(), "tmpfs", 0, nullptr) == 0;
      bool locked = false;
      if (is_apart) {
        std::filesystem::create_directories(path.substr(0, path.rfind('/')));
        const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        locked = fd >= 0 && ::flock(fd, LOCK_EX) == 0;
      }
      if (!write_all(pipe->writer.get(), locked ? "1" : "0")) ::_exit(1);
      for (;;) ::pause();
    }
    pipe->writer.reset();
    char byte = '0';
    EXPECT_EQ(::read(pipe->reader.get(), &byte, 1), 1);
    locked_ = byte == '1';
  }
  Impostor(const Impostor&) = delete;
  ~Impostor() {
    ::kill(child_, SIGKILL);
    wait_for_child(child_);
  }
  bool locked() const { return locked_; }
  std::string process() const { return "process " + std::to_string(child_) + " '"; }

 private:
  pid_t child_ = -1;
  bool locked_ = false;
};

class Lock : public Scratch {
 protected:
  std::string lock() const { return path("run/chos/lock"); }
  bool is_free() const {
    const UniqueFd fd(::open(lock().c_str(), O_RDWR | O_CLOEXEC));
    return fd && ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0;
  }
};

TEST_F(Lock, OnlyItsOwnerCanOpenIt) {
  {
    const auto held = take_lock(lock());
    ASSERT_TRUE(held) << held.error().what;
    EXPECT_FALSE(is_free());
    EXPECT_EQ(mode_of("run/chos/lock") & 07777, 0600u);
    EXPECT_EQ(mode_of("run/chos") & 07777, 0755u);
  }
  EXPECT_TRUE(is_free());
  ASSERT_EQ(::chmod(lock().c_str(), 0644), 0);
  ASSERT_TRUE(take_lock(lock()));
  EXPECT_EQ(mode_of("run/chos/lock") & 07777, 0600u);
}

TEST_F(Lock, GivesUpAndNamesTheHolder) {
  const Holder holder(lock());
  const auto began = std::chrono::steady_clock::now();
  std::string waited_for;
  const auto held = take_lock(
      lock(), {.limit = milliseconds(300), .waiting = [&](const std::string& who) { waited_for += who; }});
  EXPECT_GE(std::chrono::steady_clock::now() - began, milliseconds(300));
  ASSERT_FALSE(held);
  EXPECT_EQ(held.error().code, EWOULDBLOCK);
  EXPECT_NE(held.error().what.find(" was not free within 300 ms: " + holder.process()), std::string::npos)
      << held.error().what;
  EXPECT_NE(held.error().remedy.find("kill "), std::string::npos) << held.error().remedy;
  EXPECT_TRUE(waited_for.starts_with(holder.process())) << waited_for;

  const auto at_once = take_lock(lock(), {.limit = milliseconds(0)});
  ASSERT_FALSE(at_once);
  EXPECT_NE(at_once.error().what.find(" is not free: " + holder.process()), std::string::npos)
      << at_once.error().what;
}

TEST_F(Lock, NamesNobodyWhoHoldsAnotherFileOfItsPath) {
  if (::geteuid() != 0) GTEST_SKIP() << "mounting needs root";
  const Impostor impostor(directory(), lock());
  ASSERT_TRUE(impostor.locked());
  const Holder holder(lock());
  const auto held = take_lock(lock(), {.limit = milliseconds(0)});
  ASSERT_FALSE(held);
  EXPECT_NE(held.error().what.find(holder.process()), std::string::npos) << held.error().what;
  EXPECT_EQ(held.error().what.find(impostor.process()), std::string::npos) << held.error().what;
}

TEST_F(Lock, IsTakenWhenItsHolderEnds) {
  Holder holder(lock());
  const auto held = take_lock(lock(), {.waiting = [&](const std::string&) { holder.end(); }});
  ASSERT_TRUE(held) << held.error().what;
  EXPECT_FALSE(is_free());
  // The process that waited for it has left no lock behind.
  const auto other = take_lock(lock(), {.limit = milliseconds(0)});
  ASSERT_FALSE(other);
  EXPECT_NE(other.error().what.find("process " + std::to_string(::getpid()) + " '"), std::string::npos)
      << other.error().what;
}

TEST_F(Lock, ARemovedFileLocksNobodyOut) {
  const auto first = take_lock(lock());
  ASSERT_TRUE(first);
  ASSERT_EQ(::unlink(lock().c_str()), 0);
  const auto second = take_lock(lock(), {.limit = milliseconds(0)});
  ASSERT_TRUE(second) << second.error().what;
  EXPECT_TRUE(same_file(second->get(), lock()));
}

TEST_F(Lock, ASignalEndsTheWait) {
  struct sigaction action {
  }, before{};
  action.sa_handler = [](int) {};
  ASSERT_EQ(::sigaction(SIGUSR1, &action, &before), 0);
  const Holder holder(lock());
  const auto here = ::pthread_self();
  std::atomic<bool> done = false;
  std::thread signals;
  const auto held = take_lock(lock(), {.waiting = [&](const std::string&) {
                                signals = std::thread([&] {
                                  // More than one, since the first may come before the wait begins.
                                  while (!done) {
                                    ::pthread_kill(here, SIGUSR1);
                                    std::this_thread::yield();
                                  }
                                });
                              }});
  done = true;
  signals.join();
  ASSERT_EQ(::sigaction(SIGUSR1, &before, nullptr), 0);
  ASSERT_FALSE(held);
  EXPECT_EQ(held.error().code, EINTR) << held.error().what;
}

TEST_F(Lock, ProgramsHoldAnInheritedOne) {
  auto held = take_lock(lock(), {.inherited = true});
  ASSERT_TRUE(held);
  EXPECT_EQ(::fcntl(held->get(), F_GETFD) & FD_CLOEXEC, 0);
  auto pipe = make_pipe();
  const pid_t program = ::fork();
  if (program == 0) {
    ::dup2(pipe->reader.get(), 0);
    ::execl("/bin/cat", "a\nprogram", nullptr);
    ::_exit(1);
  }
  pipe->reader.reset();
  held->reset();
  // Until it is executed, the child has this process's name.
  const std::string start = ": process " + std::to_string(program) + " '";
  std::string what;
  do {
    const auto again = take_lock(lock(), {.limit = milliseconds(0)});
    ASSERT_FALSE(again);
    what = again.error().what;
    ASSERT_NE(what.find(start), std::string::npos) << what;
  } while (what.find("chos_basic_tests") != std::string::npos);
  EXPECT_NE(what.find("'a\\x0aprogram' holds it"), std::string::npos) << what;
  pipe->writer.reset();
  wait_for_child(program);
  EXPECT_TRUE(take_lock(lock(), {.limit = milliseconds(0)}));
}

TEST_F(Lock, RefusesWhatOthersControl) {
  ASSERT_TRUE(take_lock(lock()));
  ASSERT_EQ(::chmod(path("run/chos").c_str(), 0777), 0);
  const auto open = take_lock(lock());
  ASSERT_FALSE(open);
  EXPECT_NE(open.error().what.find("writable by others"), std::string::npos) << open.error().what;
  ASSERT_EQ(::chmod(path("run/chos").c_str(), 0755), 0);

  ASSERT_EQ(::unlink(lock().c_str()), 0);
  ASSERT_EQ(::symlink("/etc/passwd", lock().c_str()), 0);
  EXPECT_FALSE(take_lock(lock()));
  ASSERT_EQ(::unlink(lock().c_str()), 0);
  ASSERT_EQ(::mkfifo(lock().c_str(), 0600), 0);
  EXPECT_FALSE(take_lock(lock()));
  ASSERT_EQ(::unlink(lock().c_str()), 0);
  if (::geteuid() != 0) return;
  write("run/chos/lock", "");
  ASSERT_EQ(::chown(lock().c_str(), 1000, 1000), 0);
  EXPECT_FALSE(take_lock(lock()));
}

}  // namespace
}  // namespace chos::test
