/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Processes and threads that share their root directory: which of them a switch moves.  And
 * descriptors of setchos that another process opened: they must not move the writer.
 */
#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "node.h"

namespace chos::guest {
namespace {

/* A process that shares the caller's root and working directory, and reports its view on request. */
class Sharer {
 public:
  Sharer() {
    pid_ = clone_fork(CLONE_FS);
    CHECK_OK(pid_);
    if (pid_ == 0) {
      for (int i = 1;; ++i) {
        told_->wait(i);
        if (!todo_->load()) _exit(0);
        checked([&] { answer_->store(todo_->load() == 'e' ? enter("sl6") : 0); })();
        const std::string seen = view();
        view_->text[seen.copy(view_->text, sizeof view_->text - 1)] = 0;
        done_->add();
      }
    }
  }
  ~Sharer() {
    todo_->store(0);
    told_->add();
    wait_status(pid_);
  }
  std::string look() { return ask('l'); }
  std::string enter_sl6() { return ask('e'); }
  int answer() const { return answer_->load(); }

 private:
  std::string ask(char what) {
    todo_->store(what);
    told_->add();
    done_->wait(++asked_);
    return view_->text;
  }
  struct Text {
    char text[300];
  };
  Shared<Event> told_, done_;
  Shared<std::atomic<char>> todo_;
  Shared<std::atomic<int>> answer_;
  Shared<Text> view_;
  pid_t pid_ = 0;
  int asked_ = 0;
};

/* A thread that only waits, to make the process multithreaded. */
class Idle {
 public:
  explicit Idle(bool own_root = false)
      : thread_([this, own_root] {
          if (own_root) unshare(CLONE_FS);
          ready_->add();
          end_->wait();
        }) {
    ready_->wait();
  }
  ~Idle() {
    end_->add();
    thread_.join();
  }

 private:
  Shared<Event> ready_, end_;
  std::thread thread_;
};

/* A message with a byte of data and room for one descriptor, for sendmsg(2) and recvmsg(2). */
class DescriptorMessage {
 public:
  DescriptorMessage() {
    message_.msg_iov = &part_;
    message_.msg_iovlen = 1;
    message_.msg_control = space_;
    message_.msg_controllen = sizeof space_;
  }
  DescriptorMessage(const DescriptorMessage&) = delete;
  DescriptorMessage& operator=(const DescriptorMessage&) = delete;
  void send(int socket, int fd) {
    cmsghdr* header = CMSG_FIRSTHDR(&message_);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fd);
    *reinterpret_cast<int*>(CMSG_DATA(header)) = fd;
    CHECK_OK(sys(sendmsg(socket, &message_, 0)));
  }
  Fd receive(int socket) {
    CHECK_EQ(sys(recvmsg(socket, &message_, 0)), 1);
    return Fd(*reinterpret_cast<int*>(CMSG_DATA(CMSG_FIRSTHDR(&message_))));
  }

 private:
  char byte_ = 'x';
  alignas(cmsghdr) char space_[CMSG_SPACE(sizeof(int))] = {};
  iovec part_{&byte_, 1};
  msghdr message_{};
};

}  // namespace

CHOS_CASE(sharing_single_thread_takes_nobody_along, 20) {
  Node node;
  AS(kAnna, [] {
    Sharer other;
    CHECK_OK(enter("trixie"));
    CHECK_VIEW("trixie");
    CHECK_EQ(other.look(), std::string("/"));
    CHECK_EQ(other.enter_sl6(), std::string("sl6"));
    CHECK_OK(other.answer());
    CHECK_VIEW("trixie");
  });
  AS(kAnna, [] {
    CHECK_OK(enter("trixie"));
    Sharer other;
    CHECK_OK(enter("sl6")); /* both have the farm as their root; the other process stays in trixie */
    CHECK_VIEW("sl6");
    CHECK_EQ(other.look(), std::string("trixie"));
    CHECK_OK(enter("/"));
    CHECK_VIEW("/");
    CHECK_EQ(other.look(), std::string("trixie"));
    CHECK_EQ(other.enter_sl6(), std::string("sl6"));
    CHECK_VIEW("/");
  });
}

CHOS_CASE(sharing_threads_move_together, 20) {
  Node node;
  AS(kAnna, [] {
    constexpr int kThreads = 8;
    const char* names[] = {"trixie", "sl6", "/", "alma9", "/"};
    Event started, moved, looked;
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back(checked([&, i] {
        /* A thread that is still being created counts as another process: it would cause EBUSY. */
        started.wait();
        for (int turn = 0; turn < 5; ++turn) {
          if (turn == i) {
            CHECK_OK(enter(names[turn]));
            moved.add();
          }
          moved.wait(turn + 1);
          CHECK_VIEW(names[turn]);
          looked.add();
          looked.wait(kThreads * (turn + 1));
        }
      }));
    }
    started.add();
    for (auto& thread : threads) thread.join();
    CHECK_VIEW("/");
  });
}

CHOS_CASE(sharing_threads_and_another_process, 20) {
  Node node;
  AS(kAnna, [] {
    {
      Sharer other; /* forked before the process has threads */
      const Idle thread;
      for (const char* word : {"trixie", "/os/sl6"}) CHECK_ERR(enter(word), EBUSY);
      CHECK_VIEW("/");
      CHECK_EQ(other.look(), std::string("/"));
      /* The other process, which has one thread, moves alone. */
      CHECK_EQ(other.enter_sl6(), std::string("sl6"));
      CHECK_VIEW("/");
      CHECK_OK(enter("trixie")); /* the directories are no longer shared */
      CHECK_VIEW("trixie");
    }
    Sharer other;
    const Idle thread;
    CHECK_ERR(enter("/"), EBUSY);
    CHECK_ERR(enter("sl6"), EBUSY);
    CHECK_VIEW("trixie");
    CHECK_EQ(other.look(), std::string("trixie"));
  });
}

CHOS_CASE(sharing_thread_with_a_root_of_its_own, 20) {
  Node node;
  AS(kAnna, [] {
    {
      const Idle thread(true);
      CHECK_ERR(enter("trixie"), EBUSY);
      CHECK_VIEW("/");
      std::thread(checked([] {
        CHECK_OK(sys(unshare(CLONE_FS)));
        CHECK_ERR(enter("trixie"), EBUSY);
        CHECK_VIEW("/");
      })).join();
    }
    CHECK_OK(enter("trixie")); /* those threads have exited */
    CHECK_VIEW("trixie");
    const Idle thread(true);
    CHECK_ERR(enter("/"), EBUSY);
    CHECK_VIEW("trixie");
  });
}

CHOS_CASE(sharing_thread_that_was_joined, 60) {
  /* join() returns while the kernel is still tearing the thread down; its root goes last. */
  Node node;
  AS(kAnna, [] {
    const Idle thread; /* keeps the process multithreaded */
    for (int i = 0; i < load(200, 5000); ++i) {
      { const Idle gone(true); }
      CHECK_OK(enter(i % 2 ? "/" : "trixie"));
    }
  });
}

CHOS_CASE(sharing_vfork_child_moves_alone, 20) {
  Node node;
  AS(kAnna, [] {
    static const char word[] = "trixie";
    alignas(16) static char stack[16384];
    const long pid = raw_child(
        CLONE_VFORK,
        [](void*) {
          const long fd = raw(SYS_open, reinterpret_cast<long>(CHOS_SETCHOS), O_WRONLY);
          return raw(SYS_write, fd, reinterpret_cast<long>(word), 6) == 6 ? 0 : 1;
        },
        nullptr, stack + sizeof stack);
    CHECK_EQ(wait_status(static_cast<pid_t>(pid)), 0);
    CHECK_VIEW("/");
  });
}

CHOS_CASE(sharing_execve_in_another_thread, 60) {
  /*
   * One thread calls execve(2) while another thread moves the process: the move fails with EBUSY, or
   * the process is consistent afterwards.
   */
  Node node;
  AS(kAnna, [] {
    for (int i = 0; i < load(100, 3000); ++i) {
      FINISH(start(kAnna, [i] {
        if (i % 2) CHECK_OK(enter("alma9"));
        std::atomic<bool> going{false};
        std::thread([&] {
          checked([&] {
            for (int turn = 0;; ++turn) {
              const int result = enter(turn % 3 == 0 ? "trixie" : turn % 3 == 1 ? "/" : "sl6");
              CHECK_SAY(result == 0 || result == -EBUSY, show_result(result));
              going = true;
            }
          })();
        }).detach();
        while (!going) sched_yield();
        /* This path exists in the base and in the trees. */
        CHECK_OK(exec({"/usr/bin/probe", "consistent"}));
      }));
    }
  });
}

CHOS_CASE(redirected_setuid_program, 20) {
  /* `setuid-program > /proc/chos/setchos` does not move the setuid program. */
  Node node;
  make_dirs("/usr/bin/raised");
  install_probe("/usr/bin/raised/probe", 0, 0, 04755);
  for (const char* word : {"trixie", "trixie\n", "/os/sl6", "/"}) {
    const int status = run_program({"/usr/bin/raised/probe", "out", word}, [] {
      become(kAnna);
      CHECK_OK(dup2(open_file(CHOS_SETCHOS, O_WRONLY).get(), 1));
    });
    CHECK_EQ(status, EPERM << 8);
  }
  CHECK_OK(sys(unlink("/usr/bin/raised/probe")));
  AS(kAnna, [] {
    /* The same program without setuid may move itself. */
    const int status = run_program({"/usr/bin/probe", "out", "trixie"},
                                   [] { CHECK_OK(dup2(open_file(CHOS_SETCHOS, O_WRONLY).get(), 1)); });
    CHECK_EQ(status, 0);
    CHECK_VIEW("/");
  });
}

CHOS_CASE(redirected_to_others, 20) {
  /* One process opens the file and another one writes to it; all combinations of users. */
  Node node;
  const Fd by_root = open_file(CHOS_SETCHOS, O_WRONLY);
  AS(kAnna, [&] {
    CHECK_ERR(sys(pwrite(by_root.get(), "trixie", 6, 0)), EPERM);
    CHECK_VIEW("/");
  });
  int ends[2];
  CHECK_OK(sys(socketpair(AF_UNIX, SOCK_STREAM, 0, ends)));
  const pid_t giver = start(kAnna, [&] {
    const Fd set = open_file(CHOS_SETCHOS, O_WRONLY);
    DescriptorMessage().send(ends[0], set.get());
  });
  FINISH(giver);
  const Fd by_anna = DescriptorMessage().receive(ends[1]);
  close(ends[0]);
  close(ends[1]);
  CHECK_ERR(sys(pwrite(by_anna.get(), "trixie", 6, 0)), EPERM); /* written by root */
  CHECK_VIEW("/");
  AS(kBert, [&] {
    CHECK_ERR(sys(pwrite(by_anna.get(), "trixie", 6, 0)), EPERM);
    CHECK_VIEW("/");
  });
  const Who other_group{1000, 1001, {}};
  const Who group_of_anna{0, 1000, {}};
  AS(other_group, [&] { CHECK_ERR(sys(pwrite(by_anna.get(), "trixie", 6, 0)), EPERM); });
  AS(group_of_anna, [&] { CHECK_ERR(sys(pwrite(by_anna.get(), "/", 1, 0)), EPERM); });
  AS(kAnna, [&] {
    /* The same user and groups: the write succeeds, and moves the writer. */
    CHECK_OK(sys(pwrite(by_anna.get(), "trixie", 6, 0)));
    CHECK_VIEW("trixie");
  });
}

}  // namespace chos::guest
