/* SPDX-License-Identifier: BSD-3-Clause */
/* /proc/chos/processes: the processes in OSs that the reader may know about. */
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <map>
#include <thread>

#include "node.h"

namespace chos::guest {
namespace {

using Listing = std::map<pid_t, std::string>;

/* Fails the case if a line is not "PID NAME", or if the PIDs are not in ascending order. */
Listing parse(const std::string& text) {
  Listing listing;
  std::istringstream lines(text);
  std::string line;
  pid_t last = 0;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    pid_t pid = 0;
    std::string name, rest;
    CHECK_SAY(static_cast<bool>(words >> pid >> name) && !(words >> rest), line);
    CHECK_EQ(line, std::to_string(pid) + " " + name);
    CHECK(pid > last);
    last = pid;
    listing[pid] = name;
  }
  return listing;
}

Listing listing() { return parse(get(CHOS_PROCESSES)); }

pid_t park_in(ParkedProcesses& parked, const Who& who, const char* name) {
  return parked.add(who, [name] { CHECK_OK(enter(name)); });
}

}  // namespace

CHOS_CASE(processes_as_each_may_know, 20) {
  Node node;
  ParkedProcesses parked;
  const pid_t anna1 = park_in(parked, kAnna, "trixie");
  const pid_t bert = park_in(parked, kBert, "sl6");
  const pid_t anna2 = park_in(parked, kAnna, "alma9");
  const pid_t base = park_in(parked, kAnna, "/");
  const pid_t root = park_in(parked, kRoot, "trixie");
  CHECK_EQ(base > 0, true);
  const Listing all = listing();
  CHECK(all == (Listing{{anna1, "trixie"}, {bert, "sl6"}, {anna2, "alma9"}, {root, "trixie"}}));
  AS(kAnna, [&] {
    CHECK(listing() == (Listing{{anna1, "trixie"}, {anna2, "alma9"}}));
    CHECK_OK(enter("sl6")); /* the reader is listed too, and reads the same inside an OS */
    CHECK(listing() == (Listing{{anna1, "trixie"}, {anna2, "alma9"}, {getpid(), "sl6"}}));
    CHECK_OK(enter("/"));
    CHECK(listing() == (Listing{{anna1, "trixie"}, {anna2, "alma9"}}));
  });
  AS(kBert, [&] { CHECK(listing() == (Listing{{bert, "sl6"}})); });
  const Who other{1002, 1000, {1001, 0}};
  AS(other, [&] { CHECK(listing().empty()); }); /* shared groups show nothing */
  /* The rights of the process that opened the file count. */
  const Fd by_root = open_file(CHOS_PROCESSES, O_RDONLY);
  AS(kBert, [&] {
    char text[4096];
    const long size = CHECK_OK(sys(pread(by_root.get(), text, sizeof text, 0)));
    CHECK(parse(std::string(text, static_cast<size_t>(size))) == all);
  });
}

CHOS_CASE(processes_real_and_effective_user, 20) {
  /* A process belongs to its real user; a reader has the rights of its effective user. */
  Node node;
  Shared<Event> ready, end;
  const pid_t raised = start(kRoot, [&] {
    CHECK_OK(enter("trixie"));
    CHECK_OK(sys(setresuid(1000, 0, 0)));
    ready->add();
    end->wait();
  });
  ready->wait();
  AS(kAnna, [&] { CHECK(listing() == (Listing{{raised, "trixie"}})); });
  AS(kBert, [&] { CHECK(listing().empty()); });
  AS(kRoot, [&] {
    CHECK_OK(sys(setresuid(1000, 1001, 1001))); /* drops the capabilities with the effective uid 0 */
    CHECK(listing().empty());
  });
  end->add();
  FINISH(raised);
}

CHOS_CASE(processes_from_a_user_namespace, 20) {
  /* Capabilities in another user namespace than the first give no further rights here. */
  Node node;
  put("/proc/sys/kernel/unprivileged_userns_clone", "1");
  ParkedProcesses parked;
  const pid_t anna = park_in(parked, kAnna, "trixie");
  park_in(parked, kBert, "sl6");
  AS(kAnna, [&] {
    CHECK_OK(sys(unshare(CLONE_NEWUSER)));
    CHECK(listing() == (Listing{{anna, "trixie"}}));
  });
}

CHOS_CASE(processes_many, 30) {
  /* The content exceeds one buffer.  It is also read in small pieces. */
  Node node;
  constexpr int kCount = 400;
  const pid_t parent = start(kAnna, [] {
    Shared<Event> sitting, end;
    Listing expected;
    const char* names[] = {"trixie", "sl6", "alma9"};
    for (int i = 0; i < kCount; ++i) {
      const char* name = names[i % 3];
      CHECK_OK(enter(name));
      expected[getpid()] = name;
      const pid_t pid = start(kAnna, [&] {
        sitting->add();
        end->wait();
      });
      expected[pid] = name;
    }
    sitting->wait(kCount);
    CHECK(listing() == expected);
    const Fd file = open_file(CHOS_PROCESSES, O_RDONLY);
    const std::string text = read_in_pieces(file.get(), 5);
    CHECK(parse(text) == expected);
    CHECK_OK(sys(lseek(file.get(), 0, SEEK_SET)));
    char begin[64];
    CHECK_EQ(sys(read(file.get(), begin, sizeof begin)), 64);
    CHECK_EQ(std::string(begin, 64), text.substr(0, 64));
    end->add();
    for (const auto& [pid, name] : expected) {
      if (pid != getpid()) wait_status(pid);
    }
  });
  FINISH(parent);
  CHECK(listing().empty());
}

CHOS_CASE(processes_threads_and_the_dead, 20) {
  Node node;
  AS(kAnna, [] {
    CHECK_OK(enter("trixie"));
    Shared<Event> end;
    std::thread second([&] { end->wait(); });
    CHECK(listing() == (Listing{{getpid(), "trixie"}})); /* one line for all threads */
    end->add();
    second.join();
    FINISH(start(kAnna, [] {}));
    CHECK(listing() == (Listing{{getpid(), "trixie"}}));
  });
  CHECK(listing().empty());
}

CHOS_CASE(processes_in_a_pid_namespace, 20) {
  /* PIDs are those of the reader's PID namespace; processes outside it are not listed. */
  Node node;
  ParkedProcesses parked;
  const pid_t outside = park_in(parked, kRoot, "sl6");
  AS(kRoot, [&] {
    Shared<Event> ready, end;
    const pid_t inner = clone_fork(CLONE_NEWPID);
    CHECK_OK(inner);
    if (inner == 0) {
      checked([&] {
        CHECK_OK(enter("trixie"));
        CHECK(listing() == (Listing{{1, "trixie"}}));
        const pid_t child = clone_fork(0);
        if (child == 0) {
          checked([&] {
            CHECK_OK(enter("alma9"));
            CHECK(listing() == (Listing{{1, "trixie"}, {2, "alma9"}}));
            ready->add();
            end->wait();
          })();
          _exit(0);
        }
        FINISH(child);
      })();
      _exit(0);
    }
    ready->wait();
    const Listing all = listing();
    CHECK_EQ(all.size(), 3u);
    CHECK_EQ(all.at(outside), std::string("sl6"));
    CHECK_EQ(all.at(inner), std::string("trixie"));
    end->add();
    FINISH(inner);
  });
}

CHOS_CASE(processes_beside_forks, 30) {
  /* The list is read while processes come and go. */
  Node node;
  Shared<std::atomic<bool>> stop;
  std::vector<pid_t> busy;
  for (int i = 0; i < 4; ++i) {
    busy.push_back(start(kAnna, [&, i] {
      CHECK_OK(enter(i % 2 ? "trixie" : "sl6"));
      while (!stop->load()) FINISH(start(kAnna, [] {}));
    }));
  }
  for (int i = 0; i < load(300, 5000); ++i) {
    for (const auto& [pid, name] : listing()) {
      CHECK_SAY(name == "trixie" || name == "sl6", std::to_string(pid) + " " + name);
    }
  }
  stop->store(true);
  for (const pid_t pid : busy) FINISH(pid);
}

}  // namespace chos::guest
