/* SPDX-License-Identifier: BSD-3-Clause */
/* /proc/chos/usage: what it counts, and who may read it.  usage_race.cpp tests it under load. */
#include "usage.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

namespace chos::guest {

std::vector<Use> parse_usage(const std::string& text) {
  std::vector<Use> all;
  std::istringstream lines(text);
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    Use use;
    CHECK_SAY(static_cast<bool>(words >> use.processes >> use.enters >> use.name >> use.path), line);
    CHECK_EQ(line, std::to_string(use.processes) + " " + std::to_string(use.enters) + " " + use.name + " " +
                       use.path);
    all.push_back(use);
  }
  return all;
}

unsigned long processes_in(const std::string& path) {
  unsigned long sum = 0;
  for (const Use& use : usage()) {
    if (use.path == path) sum += use.processes;
  }
  return sum;
}

namespace {

/* Returns when all threads of a process have exited.  It need not be a child of the caller. */
void wait_for_end(pid_t pid) {
  const Fd process(static_cast<int>(sys(syscall(SYS_pidfd_open, pid, 0))));
  if (process.get() == -ESRCH) return;
  CHECK_OK(process.get());
  pollfd event{process.get(), POLLIN, 0};
  while (poll(&event, 1, -1) < 0) CHECK_EQ(errno, EINTR);
}

char state_of(pid_t pid) {
  const std::string stat = get("/proc/" + std::to_string(pid) + "/stat");
  return stat.at(stat.rfind(')') + 2);
}

}  // namespace

CHOS_CASE(usage_counts, 20) {
  Node node;
  CHECK_EQ(get(CHOS_USAGE), std::string("0 0 trixie /os/trixie\n0 0 sl6 /os/sl6\n0 0 alma9 /os/alma9\n"));
  ParkedProcesses parked;
  parked.add(kAnna, [] { CHECK_OK(enter("trixie")); });
  parked.add(kBert, [] { CHECK_OK(enter("/os/trixie")); });
  parked.add(kRoot, [] {
    CHECK_OK(enter("alma9"));
    CHECK_OK(enter("trixie"));
    CHECK_OK(enter("sl6"));
    CHECK_OK(enter("sl6")); /* a no-op, which counts as an entry */
  });
  parked.add(kAnna, [] {
    CHECK_OK(enter("sl6"));
    CHECK_OK(enter("/"));
  });
  parked.add(kAnna, [] { CHECK_ERR(enter("nope"), ENOENT); });
  CHECK_EQ(get(CHOS_USAGE), std::string("2 3 trixie /os/trixie\n1 3 sl6 /os/sl6\n0 1 alma9 /os/alma9\n"));
  CHECK_EQ(counter("enters"), 7);
  parked.end();
  CHECK_EQ(get(CHOS_USAGE), std::string("0 3 trixie /os/trixie\n0 3 sl6 /os/sl6\n0 1 alma9 /os/alma9\n"));
}

CHOS_CASE(usage_children_and_orphans, 20) {
  /* Every child counts, even if its parent has exited or switched, or it is in a PID namespace. */
  Node node;
  Shared<Event> born, end;
  Shared<std::atomic<pid_t>> orphan;
  const pid_t parent = start(kRoot, [&] {
    CHECK_OK(enter("trixie"));
    const auto sit = [&] {
      born->add();
      end->wait();
    };
    std::vector<pid_t> children;
    for (int i = 0; i < 5; ++i) children.push_back(start(kAnna, sit));
    const pid_t inner = clone_fork(CLONE_NEWPID);
    CHECK_OK(inner);
    if (inner == 0) {
      sit();
      _exit(0);
    }
    children.push_back(inner);
    AS(kAnna, [&] {
      const pid_t pid = fork();
      if (pid == 0) {
        sit();
        _exit(0);
      }
      orphan->store(pid);
    });
    CHECK_OK(enter("sl6"));
    sit();
    for (const pid_t pid : children) wait_status(pid);
  });
  born->wait(8);
  CHECK_EQ(processes_in("/os/trixie"), 7u);
  CHECK_EQ(processes_in("/os/sl6"), 1u);
  end->add();
  FINISH(parent);
  wait_for_end(orphan->load());
  CHECK_EQ(get(CHOS_USAGE), std::string("0 1 trixie /os/trixie\n0 1 sl6 /os/sl6\n0 0 alma9 /os/alma9\n"));
}

CHOS_CASE(usage_two_paths_of_a_name, 20) {
  /* As after `chosctl os replace`: the old tree has a count of its own until it is unused. */
  Node node;
  make_tree("trixie~2");
  ParkedProcesses old, fresh;
  old.add(kAnna, [] { CHECK_OK(enter("trixie")); });
  CHECK_OK(allow("trixie:/os/trixie~2\n"));
  /* sl6 and alma9 were never entered, and the list no longer has them: they have no line. */
  CHECK_EQ(get(CHOS_USAGE), std::string("1 1 trixie /os/trixie\n0 0 trixie /os/trixie~2\n"));
  fresh.add(kBert, [] { CHECK_OK(enter("trixie")); });
  fresh.add(kBert, [] {
    CHECK_OK(enter("/os/trixie~2"));
    AS(kBert, [] { CHECK_ERR(enter("/os/trixie"), ENOENT); });
  });
  CHECK_EQ(get(CHOS_USAGE), std::string("1 1 trixie /os/trixie\n2 2 trixie /os/trixie~2\n"));
  old.end();
  CHECK_EQ(get(CHOS_USAGE), std::string("0 1 trixie /os/trixie\n2 2 trixie /os/trixie~2\n"));
  /* A pair of name and path that returns to the list is the same OS as before. */
  CHECK_OK(allow("trixie:/os/trixie\n"));
  CHECK_EQ(get(CHOS_USAGE), std::string("0 1 trixie /os/trixie\n2 2 trixie /os/trixie~2\n"));
  fresh.end();
  /* With an empty list, an OS that was entered keeps its line. */
  CHECK_OK(allow("\n"));
  CHECK_EQ(get(CHOS_USAGE), std::string("0 1 trixie /os/trixie\n0 2 trixie /os/trixie~2\n"));
}

CHOS_CASE(usage_is_root_s, 20) {
  Node node;
  AS(kAnna, [] { CHECK_ERR(open_file(CHOS_USAGE, O_RDONLY).get(), EACCES); });
  AS(kRoot, [] { /* uid 0 without capabilities */
                 __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
                 __user_cap_data_struct none[2] = {};
                 CHECK_OK(sys(syscall(SYS_capset, &header, none)));
                 CHECK_ERR(open_file(CHOS_USAGE, O_RDONLY).get(), EPERM);
  });
  AS(kRoot, [] { /* root of a user namespace */
                 CHECK_OK(sys(unshare(CLONE_NEWUSER)));
                 CHECK(open_file(CHOS_USAGE, O_RDONLY).get() < 0);
  });
  const Fd by_root = open_file(CHOS_USAGE, O_RDONLY);
  AS(kAnna, [&] {
    char text[512];
    CHECK(CHECK_OK(sys(pread(by_root.get(), text, sizeof text, 0))) > 0);
  });
  CHECK_ERR(put(CHOS_USAGE, "0 0 x /os/x\n"), EINVAL);
  CHECK_ERR(sys(chmod(CHOS_USAGE, 0444)), EPERM);
}

CHOS_CASE(usage_the_dead, 20) {
  Node node;
  const pid_t zombie = start(kAnna, [] { CHECK_OK(enter("trixie")); });
  siginfo_t about{};
  CHECK_OK(sys(waitid(P_PID, static_cast<id_t>(zombie), &about, WEXITED | WNOWAIT)));
  CHECK_EQ(state_of(zombie), 'Z');
  CHECK_EQ(get(CHOS_USAGE).substr(0, 22), std::string("0 1 trixie /os/trixie\n"));
  FINISH(zombie);

  /* The thread group leader is a zombie, but another thread still runs. */
  Shared<Event> ready, end;
  const pid_t leader = start(kAnna, [&] {
    CHECK_OK(enter("sl6"));
    std::thread([&] {
      ready->add();
      end->wait();
      _exit(0);
    }).detach();
    ready->wait();
    raw(SYS_exit, 0);
  });
  ready->wait();
  while (state_of(leader) != 'Z') sched_yield(); /* no event reports it */
  CHECK_EQ(processes_in("/os/sl6"), 1u);
  end->add();
  FINISH(leader);
  CHECK_EQ(processes_in("/os/sl6"), 0u);
}

/*
 * Waits until this process has one thread.  join() returns while the kernel is still tearing the
 * joined thread down.
 */
static void wait_for_single_thread() {
  for (;;) {
    const std::filesystem::directory_iterator threads("/proc/self/task");
    if (std::distance(begin(threads), end(threads)) == 1) return;
    sched_yield();
  }
}

CHOS_CASE(usage_threads, 20) {
  /*
   * A process counts once, whatever its number of threads.  A process that had several threads
   * when it left its OS counts there until it forks with a single thread.
   */
  Node node;
  Shared<Event> step, seen;
  const pid_t pid = start(kAnna, [&] {
    CHECK_OK(enter("trixie"));
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) threads.emplace_back([&] { seen->wait(3); });
    step->add();
    seen->wait(1);
    CHECK_OK(enter("/"));
    const pid_t child = start(kAnna, [&] { /* forked after the switch: it was always in the base */
                                           std::thread thread([&] { seen->wait(3); });
                                           step->add();
                                           thread.join();
    });
    step->wait(2);
    step->add();
    seen->wait(2);
    FINISH(start(kAnna, [] { CHECK_VIEW("/"); }));
    step->add();
    seen->wait(3);
    for (auto& thread : threads) thread.join();
    FINISH(child);
    wait_for_single_thread();
    FINISH(start(kAnna, [] { CHECK_VIEW("/"); }));
    step->add();
    seen->wait(4);
    std::thread again([&] { /* in the base already: leaving with two threads is a no-op */
                            CHECK_OK(enter("/"));
    });
    again.join();
    wait_for_single_thread();
    CHECK_OK(enter("sl6"));
    CHECK_OK(enter("/"));
    std::thread last([&] { /* created after a single thread left sl6: the process does not count there */
                           step->add();
                           seen->wait(5);
    });
    last.join();
  });
  step->wait(1);
  CHECK_EQ(processes_in("/os/trixie"), 1u);
  seen->add();
  step->wait(3);
  CHECK_EQ(processes_in("/os/trixie"), 1u);
  seen->add();
  step->wait(4);
  CHECK_EQ(processes_in("/os/trixie"), 1u);
  seen->add();
  step->wait(5);
  CHECK_EQ(processes_in("/os/trixie"), 0u);
  seen->add();
  step->wait(6);
  CHECK_EQ(processes_in("/os/trixie"), 0u);
  CHECK_EQ(processes_in("/os/sl6"), 0u);
  seen->add();
  FINISH(pid);
}

CHOS_CASE(usage_many_oses, 60) {
  /* The content exceeds a page.  It is read in small pieces, and again after a seek to the start. */
  Node node;
  constexpr int kCount = 4000;
  std::string list, expected;
  for (int i = 0; i < kCount; ++i) {
    const std::string name = "n" + std::to_string(i);
    list += name + ":/os/" + (i == 3999 ? "trixie" : name) + "\n";
    expected += (i == 3999 ? "1 1 " : "0 0 ") + name + " /os/" + (i == 3999 ? "trixie" : name) + "\n";
  }
  CHECK_OK(allow(list));
  ParkedProcesses parked;
  parked.add(kAnna, [] { CHECK_OK(enter("n3999")); });
  CHECK_EQ(get(CHOS_USAGE), expected);
  const Fd file = open_file(CHOS_USAGE, O_RDONLY);
  for (int round = 0; round < 2; ++round) {
    CHECK_EQ(read_in_pieces(file.get(), 97), expected);
    /* The second round must show what has changed since the first. */
    if (round == 0) {
      parked.add(kBert, [] { CHECK_OK(enter("n3999")); });
      const size_t last = expected.rfind("1 1 ");
      expected.replace(last, 4, "2 2 ");
      CHECK_OK(sys(lseek(file.get(), 0, SEEK_SET)));
    }
  }
}

}  // namespace chos::guest
