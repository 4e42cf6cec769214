// SPDX-License-Identifier: BSD-3-Clause
#include "build/confined.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <new>
#include <thread>

#include "basic/files.h"
#include "scratch.h"

namespace chos::test {
namespace {

class Confined : public Scratch {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "confining a process needs root";
    Scratch::SetUp();
    std::filesystem::create_directory(path("root"));
    write("input", "the input");
    root_ = UniqueFd(::open(path("root").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    input_ = UniqueFd(::open(path("input").c_str(), O_RDONLY | O_CLOEXEC));
    secret_ = UniqueFd(::open("/etc/passwd", O_RDONLY));  // inherited, if nobody closes it
  }

  Result<std::string> run(const ConfinedWork& work, std::uint64_t largest_file = 1 << 20) {
    return run_confined({root_.get(), input_.get(), largest_file}, work, {});
  }

  UniqueFd root_, input_, secret_;
};

// What a call has failed with; "ok" if it has not.
std::string outcome(long result) { return result < 0 ? std::to_string(errno) : "ok"; }

TEST_F(Confined, ReadsItsInputAndWritesItsRoot) {
  const auto said = run([](int input, const ConfinedReport&) -> Result<std::string> {
    const auto text = read_all(input, 100, "input");
    const UniqueFd out(::open("/made", O_WRONLY | O_CREAT, 0600));
    if (!text || !out || ::fchown(out.get(), 1000, 1000) != 0 || ::mkfifo("/fifo", 0600) != 0)
      return Error{"no", "", errno};
    return *text;
  });
  ASSERT_TRUE(said) << said.error().what;
  EXPECT_EQ(*said, "the input");
  struct stat info {};
  ASSERT_EQ(::stat(path("root/made").c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, 1000u);
}

TEST_F(Confined, HasNothingElse) {
  const auto said = run([](int, const ConfinedReport&) -> Result<std::string> {
    std::string text;
    const auto add = [&text](const std::string& name, const std::string& what) {
      text += name + " " + what + "\n";
    };
    add("file", outcome(::open("/etc/passwd", O_RDONLY)));
    add("above", outcome(::open("../../../../etc/passwd", O_RDONLY)));
    int open = 0;
    for (int fd = 0; fd < 1024; ++fd) open += ::fcntl(fd, F_GETFD) >= 0;
    add("descriptors", std::to_string(open));
    add("parent", std::to_string(::getppid()));
    add("socket", outcome(::socket(AF_INET, SOCK_STREAM, 0)));
    add("fork", outcome(::fork()));
    add("exec", outcome(::execl("/made", "made", nullptr)));
    add("chroot", outcome(::chroot("/")));
    add("mount", outcome(::mount("tmpfs", "/", "tmpfs", 0, nullptr)));
    add("unshare", outcome(::unshare(CLONE_NEWUSER)));
    add("ptrace", outcome(::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr)));
    add("kill", outcome(::kill(1, SIGTERM)));
    add("reboot", outcome(::syscall(SYS_reboot, 0, 0, 0, nullptr)));
    add("privileges", std::to_string(::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)));
    add("seccomp", std::to_string(::prctl(PR_GET_SECCOMP, 0, 0, 0, 0)));
    int capabilities = 0;
    for (int one = 0; one < 64; ++one) capabilities += ::prctl(PR_CAPBSET_READ, one, 0, 0, 0) == 1;
    add("capabilities", std::to_string(capabilities));
    return text;
  });
  ASSERT_TRUE(said) << said.error().what;
  const std::string no = std::to_string(EPERM) + "\n", none = std::to_string(ENOENT) + "\n";
  EXPECT_EQ(*said, "file " + none + "above " + none + "descriptors 5\nparent 0\nsocket " + no + "fork " + no +
                       "exec " + no + "chroot " + no + "mount " + no + "unshare " + no + "ptrace " + no +
                       "kill " + no + "reboot " + no + "privileges 1\nseccomp 2\ncapabilities 5\n");
}

// A device of the tree would be the node's disk.  Its number 0 is a whiteout of overlayfs, which needs no
// capability.
TEST_F(Confined, MakesNoDevice) {
  const auto said = run([](int, const ConfinedReport&) -> Result<std::string> {
    std::string text;
    const auto make = [&text](const char* name, mode_t type, dev_t device) {
      text += outcome(::mknod(name, type | 0600, device)) + " ";
    };
    make("/fifo", S_IFIFO, 0);
    make("/socket", S_IFSOCK, 0);
    make("/file", S_IFREG, 0);
    make("/disk", S_IFBLK, makedev(7, 0));
    make("/null", S_IFCHR, makedev(1, 3));
    make("/whiteout", S_IFCHR, makedev(0, 0));
#ifdef SYS_mknod
    text += outcome(::syscall(SYS_mknod, "/old-fifo", S_IFIFO | 0600, 0)) + " ";
    text += outcome(::syscall(SYS_mknod, "/old-disk", S_IFBLK | 0600, makedev(7, 0))) + " ";
#endif
    const bool has_it = ::prctl(PR_CAPBSET_READ, CAP_MKNOD, 0, 0, 0) == 1;
    return text + (has_it ? "CAP_MKNOD" : "no CAP_MKNOD");
  });
  ASSERT_TRUE(said) << said.error().what;
  const std::string no = std::to_string(EPERM) + " ";
#ifdef SYS_mknod
  const std::string by_the_old_call = "ok " + no;
#else
  const std::string by_the_old_call;
#endif
  EXPECT_EQ(*said, "ok ok ok " + no + no + no + by_the_old_call + "no CAP_MKNOD");
}

// Else a tree with gconv modules or a libcrypto configuration of its own would run code in the child.
TEST_F(Confined, LoadsNoCode) {
  const auto said = run([](int input, const ConfinedReport&) -> Result<std::string> {
    constexpr int code = PROT_READ | PROT_EXEC;
    const auto mapped = [](void* at) { return outcome(at == MAP_FAILED ? -1 : 0); };
    std::string text = mapped(::mmap(nullptr, 4096, code, MAP_PRIVATE, input, 0));
    text += " " + mapped(::mmap(nullptr, 4096, code, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    void* data = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return text + " " + mapped(data) + " " + outcome(::mprotect(data, 4096, code));
  });
  ASSERT_TRUE(said) << said.error().what;
  const std::string no = std::to_string(EPERM);
  EXPECT_EQ(*said, no + " " + no + " ok " + no);
}

TEST_F(Confined, MayStartThreads) {
  const auto said = run([](int, const ConfinedReport&) -> Result<std::string> {
    std::string text;
    std::thread([&text] { text = "a thread"; }).join();
    return text;
  });
  ASSERT_TRUE(said) << said.error().what;
  EXPECT_EQ(*said, "a thread");
}

TEST_F(Confined, AnEmptyRootCannotBeWritten) {
  const auto said = run_confined({-1, input_.get(), 100},
                                 [](int, const ConfinedReport&) -> Result<std::string> {
                                   return outcome(::open("/made", O_WRONLY | O_CREAT, 0600)) + " " +
                                          outcome(::open("/etc", O_RDONLY));
                                 },
                                 {});
  ASSERT_TRUE(said) << said.error().what;
  EXPECT_EQ(*said, std::to_string(EROFS) + " " + std::to_string(ENOENT));
}

TEST_F(Confined, WritesNoLargerFile) {
  const auto said = run(
      [](int, const ConfinedReport&) -> Result<std::string> {
        const UniqueFd out(::open("/made", O_WRONLY | O_CREAT, 0600));
        return std::string(write_all(out.get(), std::string(200, 'x')) ? "written" : "refused");
      },
      100);
  EXPECT_FALSE(said && *said == "written");
  EXPECT_LE(std::filesystem::file_size(path("root/made")), 100u);
}

TEST_F(Confined, PassesErrorsAndProgressOn) {
  const auto failed = run([](int, const ConfinedReport&) -> Result<std::string> {
    return Error{"what\nof two lines", "remedy", ENOSPC};
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().what, "what\nof two lines");
  EXPECT_EQ(failed.error().remedy, "remedy");
  EXPECT_EQ(failed.error().code, ENOSPC);
  std::uint64_t first = 0, second = 0;
  const auto said = run_confined(
      {root_.get(), input_.get(), 100},
      [](int, const ConfinedReport& report) -> Result<std::string> {
        report(7, 1234567890123);
        return std::string(100000, 'x');
      },
      [&](std::uint64_t a, std::uint64_t b) {
        first = a;
        second = b;
        return true;
      });
  ASSERT_TRUE(said) << said.error().what;
  EXPECT_EQ(said->size(), 100000u);
  EXPECT_EQ(first, 7u);
  EXPECT_EQ(second, 1234567890123u);
}

TEST_F(Confined, AnExceptionStaysInTheChild) {
  const auto pid = ::getpid();
  const auto said = run([](int, const ConfinedReport&) -> Result<std::string> { throw std::bad_alloc(); });
  if (::getpid() != pid) ::_exit(1);  // it has come out of the child
  ASSERT_FALSE(said);
  EXPECT_EQ(said.error().code, ENOMEM) << said.error().what;
}

TEST_F(Confined, SaysThatItWasKilled) {
  const auto ended = run([](int, const ConfinedReport&) -> Result<std::string> { ::_exit(7); });
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ECHILD);
  const auto stopped = run_confined(
      {root_.get(), input_.get(), 100},
      [](int, const ConfinedReport&) -> Result<std::string> {
        for (;;) ::pause();
      },
      [](std::uint64_t, std::uint64_t) { return false; });
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, EINTR);
}

TEST_F(Confined, AHostileChildIsNotBelieved) {
  for (const std::string noise :
       {"r", "r999999999999:x", "e3:abc", "p3:a b", "\xff\xff:", "r-1:", ":", "q1:x"}) {
    const auto said = run([&noise](int, const ConfinedReport&) -> Result<std::string> {
      write_all(4, noise);
      ::_exit(0);
    });
    EXPECT_FALSE(said) << noise;
  }
}

}  // namespace
}  // namespace chos::test
