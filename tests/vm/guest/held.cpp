/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Children that are held inside clone(2), after it has copied the root directory and before they
 * exist for anybody else, while another thread moves the process.
 */
#include <asm/ldt.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <thread>

#include "usage.h"

namespace chos::guest {
namespace {

constexpr size_t kPage = 4096;
constexpr const char* kTree = "/os/trixie";

/* Memory below 2 GB: system calls of 32 bits reach it. */
void* low_memory(size_t size) {
  void* at = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  CHECK(at != MAP_FAILED);
  return at;
}

/*
 * A page whose first access waits, even one by the kernel, until another process fills the page.
 * Only root can make one (userfaultfd).
 */
class HeldPage {
 public:
  HeldPage() : at_(low_memory(kPage)) {
    fd_ = Fd(static_cast<int>(sys(syscall(SYS_userfaultfd, O_CLOEXEC))));
    CHECK_OK(fd_.get());
    uffdio_api api{};
    api.api = UFFD_API;
    CHECK_OK(sys(ioctl(fd_.get(), UFFDIO_API, &api)));
    uffdio_register area{};
    area.range = {address(), kPage};
    area.mode = UFFDIO_REGISTER_MODE_MISSING;
    CHECK_OK(sys(ioctl(fd_.get(), UFFDIO_REGISTER, &area)));
  }
  uint64_t address() const { return reinterpret_cast<uint64_t>(at_); }
  /* Sleeps until somebody is held. */
  void wait() const {
    uffd_msg message{};
    CHECK_EQ(sys(read(fd_.get(), &message, sizeof message)), static_cast<long>(sizeof message));
    CHECK_EQ(static_cast<int>(message.event), UFFD_EVENT_PAGEFAULT);
  }
  void fill(const void* content, size_t size) const {
    alignas(kPage) static char page[kPage];
    memcpy(page, content, size);
    uffdio_copy copy{};
    copy.dst = address();
    copy.src = reinterpret_cast<uint64_t>(page);
    copy.len = kPage;
    CHECK_OK(sys(ioctl(fd_.get(), UFFDIO_COPY, &copy)));
  }

 private:
  void* at_;
  Fd fd_;
};

/* What the processes and threads of a case tell each other. */
struct Board {
  Event ready, held, moved, looked, end;
};

/*
 * A child of the current process that stays in the base OS.  When a check in it fails, it ends the
 * current process, which may be held for ever.
 */
pid_t start_watcher(const std::function<void()>& code) {
  return start(kRoot, [&] {
    try {
      code();
    } catch (const Failure&) {
      kill(getppid(), SIGKILL);
      throw;
    }
  });
}

/* The rest of what start() does for a child that has to begin as root. */
void go_on_as(const Who& who) {
  become(who);
  CHECK_OK(sys(prctl(PR_SET_PDEATHSIG, SIGKILL)));
  CHECK_OK(sys(prctl(PR_SET_DUMPABLE, 1)));
}

/* Waits until a process has one thread: join() returns before the kernel has removed the other. */
void until_alone(pid_t pid) {
  for (;;) {
    const std::filesystem::directory_iterator threads("/proc/" + std::to_string(pid) + "/task");
    if (std::distance(begin(threads), end(threads)) == 1) return;
    sched_yield();
  }
}

/* A thread that moves the process, once the board says that a child is held, and exits. */
std::thread start_mover(Board& board, const std::function<long()>& move) {
  std::thread mover(checked([&board, move] {
    board.ready.add();
    board.held.wait();
    CHECK_OK(move());
    board.moved.add();
  }));
  board.ready.wait(); /* the child gets a copy of our memory: no lock is held in it */
  return mover;
}

/* A fork that waits for the page, where clone(2) writes a descriptor. */
pid_t held_fork(const HeldPage& page) {
  clone_args arguments{};
  arguments.flags = CLONE_PIDFD;
  arguments.pidfd = page.address();
  arguments.exit_signal = SIGCHLD;
  return static_cast<pid_t>(sys(syscall(SYS_clone3, &arguments, sizeof arguments)));
}

/*
 * Somebody who is in the OS `before` forks; while the child is held, a thread moves the process
 * and exits.  The child must see `before`.  All the time usage counts the tree; at the end it
 * counts `users`.
 */
void check_held_fork(const Who& who, const std::string& before, const std::function<long()>& move,
                     unsigned long users) {
  AS(kRoot, [&] {
    const HeldPage page;
    Shared<Board> board;
    const pid_t self = getpid();
    const pid_t watcher = start_watcher([&] {
      page.wait();
      board->held.add();
      board->moved.wait();
      until_alone(self);
      CHECK_EQ(processes_in(kTree), 1u);
      page.fill("", 1);
      while (!board->looked.value()) CHECK(processes_in(kTree) > 0);
      CHECK_EQ(processes_in(kTree), users);
      board->end.add();
    });
    go_on_as(who);
    CHECK_OK(enter(before));
    std::thread mover = start_mover(*board, move);
    const pid_t child = held_fork(page);
    CHECK_OK(child);
    if (child == 0) {
      checked([&] {
        CHECK_VIEW(before);
        board->looked.add();
        board->end.wait();
        CHECK_VIEW(before);
      })();
      _exit(0);
    }
    mover.join();
    FINISH(child);
    FINISH(watcher);
  });
}

/* What a thread with a root directory of its own needs: it has our memory, but may not use libc. */
struct Lone {
  int program;
  char* argv[4];
  std::atomic<bool> in_farm;
};

/* The thread: says whether its root is the farm, where usr is a link, and runs the program. */
void lone_thread(Lone* lone) {
  char target[64];
  char* environment[] = {nullptr};
  lone->in_farm =
      raw(SYS_readlink, reinterpret_cast<long>("/usr"), reinterpret_cast<long>(target), sizeof target) > 0;
  raw(SYS_execveat, lone->program, reinterpret_cast<long>(""), reinterpret_cast<long>(lone->argv),
      reinterpret_cast<long>(environment), AT_EMPTY_PATH);
  raw(SYS_exit_group, 99);
}

/*
 * Makes such a thread, and waits for the page, where clone(2) reads a user_desc.  It does so for
 * callers of 32 bits only; before 6.9, clone(2) writes no descriptor for a thread.
 */
int held_thread(const HeldPage& page, Lone* lone) {
  constexpr int kCloneOf32Bits = 120;
  constexpr size_t kStack = 65536;
  constexpr unsigned kFlags = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_FILES | CLONE_SETTLS;
  const auto* stack = prepare_stack(static_cast<char*>(low_memory(kStack)) + kStack, lone_thread, lone);
  int result;
  __asm__ volatile("int $0x80\n\t" GUEST_CHILD_CALLS
                   : "=a"(result)
                   : "a"(kCloneOf32Bits), "b"(kFlags), "c"(stack), "d"(0), "S"(page.address()), "D"(0)
                   : "r8", "r9", "r10", "r11", "memory");
  return result;
}

/*
 * The wait status of a process of Anna's that has left trixie while a thread with the farm as its
 * root was held; that thread then runs a program of the base OS.
 */
int run_in_left_farm(const std::string& program, const char* uid) {
  Shared<Lone> lone;
  const pid_t pid = start(kRoot, [&] {
    const HeldPage page;
    Shared<Board> board;
    start_watcher([&] {
      page.wait();
      board->held.add();
      board->moved.wait();
      user_desc segment{};
      segment.entry_number = 12; /* the first of those for threads */
      page.fill(&segment, sizeof segment);
    });
    go_on_as(kAnna);
    const Fd fd = open_file(program, O_PATH);
    CHECK_OK(fd.get());
    CHECK_OK(enter("trixie"));
    std::string words[] = {"probe", "euid", uid};
    lone->program = fd.get();
    for (int i = 0; i < 3; ++i) lone->argv[i] = words[i].data();
    std::thread mover = start_mover(*board, [] { return enter("/"); });
    CHECK_OK(held_thread(page, &*lone));
    mover.join();
    board->end.wait(); /* for ever: the program replaces all threads */
  });
  const int status = wait_status(pid);
  CHECK(lone->in_farm);
  return status;
}

/*
 * The wait status of a process of Anna's that is in the base OS, executes a program and enters `os`
 * while its execve(2) is held, where it copies the arguments.  Since 6.8, the kernel has opened the
 * program by then; older kernels look for it afterwards, in `os`, and exit status 2 says that they do
 * not find it.
 */
int run_while_entering(const std::string& program, const char* os) {
  const pid_t pid = start(kRoot, [&] {
    const HeldPage page;
    Shared<Board> board;
    start_watcher([&] {
      page.wait();
      board->held.add();
      board->moved.wait();
      page.fill("probe", sizeof "probe");
    });
    go_on_as(kAnna);
    std::thread mover = start_mover(*board, [os] { return enter(os); });
    std::string words[] = {"euid", "0"};
    char* argv[] = {reinterpret_cast<char*>(page.address()), words[0].data(), words[1].data(), nullptr};
    char* environment[] = {nullptr};
    const long result = sys(execve(program.c_str(), argv, environment));
    CHECK_ERR(result, ENOENT);
    mover.join();
    _exit(2);
  });
  return wait_status(pid);
}

}  // namespace

CHOS_CASE(inherit_fork_held_while_entering, 60) {
  for (const Farm farm : {Farm::kModule, Farm::kHandMade}) {
    Node node({.farm = farm});
    check_held_fork(
        kAnna, "/", [] { return enter("trixie"); }, 1);
  }
}

CHOS_CASE(inherit_fork_held_while_leaving, 60) {
  for (const Farm farm : {Farm::kModule, Farm::kHandMade}) {
    Node node({.farm = farm});
    check_held_fork(
        kAnna, "trixie", [] { return enter("/"); }, 1);
  }
}

CHOS_CASE(inherit_fork_held_during_chroot, 30) {
  /* The roots of parent and child differ, but the process is where it was. */
  Node node;
  check_held_fork(
      kRoot, "trixie", [] { return sys(chroot(kTree)); }, 2);
}

CHOS_CASE(gain_exec_held_while_entering, 30) {
  /* A setuid program that is opened in one OS and executed in another: of the base, and of a suid OS. */
  Node node;
  const std::string in_sl6 = std::string(kTrees) + "/sl6/usr/bin/raised";
  for (const std::string& at : {std::string("/usr/bin/raised"), in_sl6}) {
    make_dirs(at);
    install_probe(at + "/probe", 0, 0, 04755);
  }
  mount_suid_tree(node.farm(), "sl6");
  CHECK_OK(allow("trixie:/os/trixie\nsl6:/os/sl6:suid,closed\nalma9:/os/alma9:suid\n"));
  const auto gains_nothing = [](const std::string& program, const char* os) {
    const int status = run_while_entering(program, os);
    note(program + ": wait status " + std::to_string(status));
    return status == 2 << 8 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  };
  CHECK(gains_nothing("/usr/bin/raised/probe", "trixie"));
  CHECK(gains_nothing("/chos/os/sl6/usr/bin/raised/probe", "trixie"));
  CHECK(gains_nothing("/chos/os/sl6/usr/bin/raised/probe", "alma9"));
  for (const std::string& at : {std::string("/usr/bin/raised"), in_sl6}) remove_tree(at);
}

CHOS_CASE(gain_thread_held_while_leaving, 30) {
  /* A process with two roots and one word; see root_is_farm() in kmod/guard.c. */
  Node node;
  make_dirs("/usr/bin/raised");
  install_probe("/usr/bin/raised/probe", 0, 0, 04755);
  AS(kAnna, [] { CHECK_EQ(run_program({"/usr/bin/raised/probe", "euid", "0"}), 0); });
  CHECK_EQ(run_in_left_farm("/usr/bin/probe", "1000"), 0);
  CHECK_EQ(counter("killed"), 0L);
  const int status = run_in_left_farm("/usr/bin/raised/probe", "0");
  CHECK_SAY(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "wait status " + std::to_string(status));
  CHECK_EQ(counter("killed"), 1L);
  CHECK_OK(sys(unlink("/usr/bin/raised/probe")));
}

}  // namespace chos::guest
