/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tasks of calls.h.  No function here may call libc: a task may share the memory, and so errno and the
 * locks of the allocator, with its parent.
 */
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "calls.h"
#include "chos/abi.h"

namespace chos::guest {
namespace {

template <typename T>
long at(const T* pointer) {
  return reinterpret_cast<long>(pointer);
}

void copy(char* to, const char* from, size_t size) {
  size_t i = 0;
  for (; i + 1 < size && from[i]; ++i) to[i] = from[i];
  to[i] = 0;
}

bool same(const char* a, const char* b) {
  while (*a && *a == *b) ++a, ++b;
  return *a == *b;
}

long size_of(const char* text) {
  long n = 0;
  while (text[n]) ++n;
  return n;
}

void wait_for(std::atomic<int>& number, int least) {
  for (int seen = number.load(); seen < least; seen = number.load()) {
    raw(SYS_futex, at(&number), FUTEX_WAIT, seen);
  }
}

void announce(std::atomic<int>& number, int value) {
  number.store(value);
  raw(SYS_futex, at(&number), FUTEX_WAKE, 1 << 20);
}

void look(Sight& sight) {
  sight = Sight{};
  const long linked = raw(SYS_readlink, at(CHOS_LINK), at(sight.link), sizeof sight.link - 1);
  if (linked < 0) copy(sight.link, "!", 2);
  const long fd = raw(SYS_open, at(CHOS_SETCHOS), O_RDONLY | O_CLOEXEC);
  const long size = fd < 0 ? fd : raw(SYS_read, fd, at(sight.name), sizeof sight.name - 1);
  if (fd >= 0) raw(SYS_close, fd);
  if (size > 0) sight.name[size - 1] = 0; /* the newline */
  struct stat root {};
  raw(SYS_stat, at("/"), at(&root));
  sight.device = root.st_dev;
  sight.inode = root.st_ino;
  sight.euid = static_cast<uid_t>(raw(SYS_geteuid));
  raw(SYS_readlink, at("/proc/thread-self"), at(sight.thread), sizeof sight.thread - 1);
}

long write_word(const char* word) {
  const long fd = raw(SYS_open, at(CHOS_SETCHOS), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return fd;
  const long result = raw(SYS_write, fd, at(word), size_of(word));
  raw(SYS_close, fd);
  return result < 0 ? result : 0;
}

/* -------- new tasks */

struct Birth {
  Board* board;
  int place;
};

void begin_life(void* argument) {
  const Birth birth = *static_cast<Birth*>(argument);
  live(*birth.board, birth.place);
}

/*
 * clone3(2); the child runs begin_life() on the stack at its place.  A child that does not share this memory
 * needs that stack too: the board is shared in any case, and this task's own stack may be there.
 */
long clone_task(Board& board, uint64_t flags, int place) {
  Task& child = board.tasks[place];
  auto* birth = reinterpret_cast<Birth*>(child.stack); /* outlives this call */
  *birth = Birth{&board, place};
  const auto* top = prepare_stack(child.stack + sizeof child.stack, begin_life, birth);
  int pidfd = -1;
  clone_args arguments{};
  arguments.flags = flags;
  arguments.exit_signal = flags & (CLONE_PARENT | CLONE_THREAD) ? 0 : SIGCHLD;
  arguments.pidfd = reinterpret_cast<uint64_t>(&pidfd);
  arguments.stack = reinterpret_cast<uint64_t>(child.stack);
  arguments.stack_size = reinterpret_cast<uint64_t>(top) - arguments.stack;
  long pid;
  __asm__ volatile("syscall\n\t" GUEST_CHILD_CALLS
                   : "=a"(pid)
                   : "a"(SYS_clone3), "D"(&arguments), "S"(sizeof arguments)
                   : "rcx", "r11", "memory");
  if (pid > 0 && pidfd >= 0) raw(SYS_close, pidfd);
  return pid;
}

int enter_once(void* argument) {
  Task& parent = *static_cast<Task*>(argument);
  parent.child_result = write_word(parent.word);
  look(parent.child);
  return 0;
}

/* The parent waits until the child has exited, so the child may have its stack here. */
long vfork_once(Task& task) {
  alignas(16) char stack[4096];
  return raw_child(task.flags | CLONE_VFORK, enter_once, &task, stack + sizeof stack);
}

long execute(int place, int fd) {
  char digits[8] = {};
  digits[0] = static_cast<char>('0' + place / 10);
  digits[1] = static_cast<char>('0' + place % 10);
  const char* const arguments[] = {"probe", "task", digits, nullptr};
  const char* const environment[] = {nullptr};
  if (fd >= 0) return raw(SYS_execveat, fd, at(""), at(arguments), at(environment), AT_EMPTY_PATH);
  return raw(SYS_execve, at("/usr/bin/probe"), at(arguments), at(environment));
}

/* -------- descriptors, debuggers, users */

/* The control part of a message with one descriptor. */
struct Control {
  alignas(cmsghdr) char space[CMSG_SPACE(sizeof(int))] = {};
  cmsghdr& header() { return *reinterpret_cast<cmsghdr*>(space); }
  int& fd() { return *reinterpret_cast<int*>(space + CMSG_LEN(0)); }
};

msghdr message_of(iovec& part, Control& control) {
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.space;
  message.msg_controllen = sizeof control.space;
  return message;
}

long send_descriptor() {
  char byte = 'x';
  iovec part{&byte, 1};
  Control control;
  control.header().cmsg_level = SOL_SOCKET;
  control.header().cmsg_type = SCM_RIGHTS;
  control.header().cmsg_len = CMSG_LEN(sizeof(int));
  const long fd = raw(SYS_open, at(CHOS_SETCHOS), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return fd;
  control.fd() = static_cast<int>(fd);
  const msghdr message = message_of(part, control);
  const long result = raw(SYS_sendmsg, kSocketFds[0], at(&message), 0);
  raw(SYS_close, fd);
  return result;
}

/* A failure to receive is in `received`, apart from the result of the write. */
long receive_and_write(const char* word, long& received) {
  char byte = 0;
  iovec part{&byte, 1};
  Control control;
  msghdr message = message_of(part, control);
  received = raw(SYS_recvmsg, kSocketFds[1], at(&message), MSG_CMSG_CLOEXEC);
  if (received == 1 && message.msg_controllen < CMSG_LEN(sizeof(int))) received = -ENOMSG;
  if (received < 0) return received;
  const long result = raw(SYS_write, control.fd(), at(word), size_of(word));
  raw(SYS_close, control.fd());
  return result < 0 ? result : 0;
}

long trace(long tid) {
  const long result = raw(SYS_ptrace, PTRACE_SEIZE, tid, 0, 0);
  if (result < 0) return result;
  raw(SYS_ptrace, PTRACE_INTERRUPT, tid, 0, 0);
  int status = 0;
  while (raw(SYS_wait4, tid, at(&status), __WALL) == -EINTR) {}
  return raw(SYS_ptrace, PTRACE_DETACH, tid, 0, 0);
}

long become_user(long uid) {
  const long groups = raw(SYS_setgroups, 0, 0);
  if (groups < 0) return groups;
  const long gid = raw(SYS_setresgid, uid, uid, uid);
  if (gid < 0) return gid;
  const long result = raw(SYS_setresuid, uid, uid, uid);
  raw(SYS_prctl, PR_SET_DUMPABLE, 1); /* so that the user's other tasks may trace it */
  return result;
}

long escape() {
  const long there = raw(SYS_fchdir, kBaseFd);
  return there < 0 ? there : raw(SYS_chroot, at("."));
}

/* -------- orders */

void roam(Board& board, int place);

long obey(Board& board, int place) {
  Task& task = board.tasks[place];
  const int other = static_cast<int>(task.other);
  switch (task.call) {
    case Call::kNothing: return 0;
    case Call::kEnter: return write_word(task.word);
    case Call::kFork: return clone_task(board, task.flags, other);
    case Call::kShareFork: return clone_task(board, task.flags | CLONE_VM, other);
    case Call::kVforkOnce: return vfork_once(task);
    case Call::kExec: return execute(place, -1);
    case Call::kExecRaised: return execute(place, kRaisedFd);
    case Call::kUnshare: return raw(SYS_unshare, static_cast<long>(task.flags));
    case Call::kSetns: return raw(SYS_setns, kNamespaceFds[other], CLONE_NEWNS);
    case Call::kChroot: return raw(SYS_chroot, at(kJailPath));
    case Call::kEscape: return escape();
    case Call::kChdir: return raw(SYS_chdir, at(task.word));
    case Call::kCover:
      return raw(SYS_mount, at("tmpfs"), at(CHOS_FARM_DEFAULT), at("tmpfs"), 0, at("mode=755"));
    case Call::kUncover: return raw(SYS_umount2, at(CHOS_FARM_DEFAULT), MNT_DETACH);
    case Call::kTrace: return trace(task.other);
    case Call::kUser: return become_user(task.other);
    case Call::kSend: return send_descriptor();
    case Call::kReceive: return receive_and_write(task.word, task.child_result);
    case Call::kExit: raw(SYS_exit, 0); return 0;
    case Call::kRoam:
      board.roaming.fetch_add(1);
      task.roaming = other;
      roam(board, place);
      return 0;
  }
  return -ENOSYS;
}

/* -------- roaming: random calls at the same time as all others */

struct Dice {
  uint64_t state;
  unsigned below(unsigned n) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return static_cast<unsigned>(state % n);
  }
};

/* A process with one task is in the OS that it entered last, whatever others do. */
void check_place(Board& board, Task& task, const char* word) {
  look(task.sight);
  if (same(task.sight.name, word) || board.odd.exchange(1)) return;
  board.odd_sight = task.sight;
  copy(board.odd_word, word, sizeof board.odd_word);
}

/* Makes a child that roams for the rest of the calls of its parent. */
void roam_child(Board& board, Task& parent, Dice& dice) {
  /*
   * A thread with directories of its own is left out: while it is being cloned, the kernel does not tell
   * the module of it, see fs_is_ours() in kmod/root.c.
   */
  constexpr uint64_t kThread = CLONE_VM | CLONE_THREAD | CLONE_SIGHAND | CLONE_FS;
  static constexpr uint64_t kKinds[] = {0,       CLONE_FS, CLONE_FILES, CLONE_PIDFD, CLONE_PARENT,
                                        kThread, kThread};
  const int place = board.used.fetch_add(1);
  if (place >= kMostTasks) {
    board.used.fetch_sub(1);
    return;
  }
  const uint64_t flags = kKinds[dice.below(7)];
  Task& child = board.tasks[place];
  child.flags = dice.state; /* the child's seed */
  child.threaded = flags == kThread;
  child.roaming = parent.roaming.load() + 1;
  child.told = 1;
  board.roaming.fetch_add(1);
  if (flags == kThread) parent.threaded = true;
  if (clone_task(board, flags, place) >= 0) return;
  child.told = 0;
  board.roaming.fetch_sub(1);
}

/* Until its calls are used up; after execve(2) the new program goes on with what is left. */
void roam(Board& board, int place) {
  static constexpr const char* kWords[] = {"trixie", "sl6", "/", "alma9", "/"};
  Task& task = board.tasks[place];
  Dice dice{(task.flags * 0x9e3779b97f4a7c15ull + static_cast<unsigned>(task.roaming)) | 1};
  while (task.roaming.fetch_sub(1) > 0) {
    const char* word = kWords[dice.below(5)];
    switch (dice.below(12)) {
      case 0: roam_child(board, task, dice); break;
      case 1:
        if (task.threaded) break;
        task.roaming.fetch_add(1); /* the new program goes on, if only to stop, */
        task.flags = dice.state;   /* and with other choices */
        execute(place, -1);
        break;
      case 2:
        if (!task.threaded) raw(SYS_unshare, CLONE_FS);
        break;
      case 3: raw(SYS_chdir, at(dice.below(2) ? "/home" : "/")); break;
      case 4: raw(SYS_sched_yield); break;
      default:
        if (write_word(word) == 0 && !task.threaded) check_place(board, task, word);
        break;
    }
  }
  task.roaming = 0;
  board.roaming.fetch_sub(1);
  raw(SYS_futex, at(&board.roaming), FUTEX_WAKE, 1 << 20);
}

}  // namespace

void live(Board& board, int place) {
  Task& task = board.tasks[place];
  if (task.roaming > 0) roam(board, place);
  look(task.sight);
  /* The first order is to exist; a program that was executed has carried out the order to execute it. */
  announce(task.done, task.told.load());
  for (;;) {
    wait_for(task.told, task.done + 1);
    const int number = task.told.load();
    task.result = obey(board, place);
    look(task.sight);
    announce(task.done, number);
  }
}

int live_again(int place) {
  const long memory = raw(SYS_mmap, 0, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED, kBoardFd, 0);
  if (memory < 0 && memory > -4096) return 1;
  Board& board = *reinterpret_cast<Board*>(memory);
  Task& task = board.tasks[place];
  task.result = 0;
  const uid_t euid = static_cast<uid_t>(raw(SYS_geteuid));
  const long uid = raw(SYS_getuid);
  if (euid != uid) raw(SYS_setresuid, uid, uid, uid);
  task.child.euid = euid;
  live(board, place);
}

}  // namespace chos::guest
