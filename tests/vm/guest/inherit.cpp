/* SPDX-License-Identifier: BSD-3-Clause */
/* However a child is created, it is in the OS in which its parent was at that moment. */
#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <thread>

#include "node.h"

namespace chos::guest {
namespace {

constexpr const char* kProbe = "/usr/bin/probe";

/* Starts a child with clone flags.  It runs the code and exits with 0, or 1 after a failed check. */
pid_t start_clone(uint64_t flags, const std::function<void()>& code) {
  const pid_t pid = clone_fork(flags);
  CHECK_OK(pid);
  if (pid) return pid;
  checked(code)();
  _exit(0);
}

int spawn_and_wait(const std::vector<std::string>& arguments) {
  const auto argv = argv_of(arguments);
  pid_t pid = 0;
  char* environment[] = {nullptr};
  CHECK_EQ(posix_spawn(&pid, argv[0], nullptr, nullptr, argv.data(), environment), 0);
  return wait_status(pid);
}

void check_children_of(const std::string& name) {
  AS(kAnna, [&] { CHECK_VIEW(name); });
  FINISH(start_clone(0, [&] { CHECK_VIEW(name); }));
  FINISH(start_clone(CLONE_FS | CLONE_FILES, [&] { CHECK_VIEW(name); }));
  const std::string target = name == "/" ? "/" : "/os/" + name;
  const pid_t pid = vfork();
  if (pid == 0) raw(SYS_exit, raw_link_is(target.c_str()) ? 0 : 1);
  CHECK_OK(pid);
  CHECK_EQ(wait_status(pid), 0);
  CHECK_EQ(spawn_and_wait({kProbe, "view", name}), 0);
  CHECK_EQ(run_program({kProbe, "spawn", name}), 0);
  CHECK_EQ(run_program({kProbe, "chain", "5", name}), 0);
}

}  // namespace

CHOS_CASE(inherit_fork_vfork_spawn_exec, 20) {
  Node node;
  AS(kAnna, [] {
    check_children_of("/");
    for (const char* name : {"trixie", "sl6", "/", "alma9"}) {
      CHECK_OK(enter(name));
      check_children_of(name);
    }
  });
  AS(kRoot, [] {
    CHECK_OK(enter("trixie"));
    AS(kAnna, [] { check_children_of("trixie"); });
  });
}

CHOS_CASE(inherit_clone_parent, 20) {
  /* The parent of the child is the caller's parent, which is in another OS. */
  Node node;
  AS(kAnna, [] {
    CHECK_OK(enter("sl6"));
    Shared<std::atomic<int>> child;
    const pid_t between = start(kAnna, [&] {
      CHECK_OK(enter("trixie"));
      const pid_t pid = clone_fork(CLONE_PARENT);
      CHECK_OK(pid);
      if (pid == 0) {
        checked([] { CHECK_VIEW("trixie"); })();
        _exit(0);
      }
      child->store(pid);
    });
    FINISH(between);
    int status = 0;
    CHECK_EQ(waitpid(child->load(), &status, __WALL), child->load());
    CHECK_EQ(status, 0);
    CHECK_VIEW("sl6");
  });
}

CHOS_CASE(inherit_threads, 20) {
  /* A thread and the children it creates are in the OS of the process. */
  Node node;
  AS(kAnna, [] {
    CHECK_OK(enter("trixie"));
    std::thread(checked([] {
      CHECK_VIEW("trixie");
      check_children_of("trixie");
    })).join();
    Shared<Event> moved;
    std::thread waiting(checked([&] {
      moved->wait();
      CHECK_VIEW("sl6");
      check_children_of("sl6");
    }));
    std::thread(checked([] { CHECK_OK(enter("sl6")); })).join(); /* any thread moves all of them */
    CHECK_VIEW("sl6");
    moved->add();
    waiting.join();
  });
}

CHOS_CASE(inherit_leader_is_gone, 20) {
  /* The thread group leader has exited; the process continues in another thread. */
  Node node;
  AS(kAnna, [] {
    const pid_t pid = start(kAnna, [] {
      CHECK_OK(enter("trixie"));
      const pid_t leader = getpid();
      std::thread([leader] {
        checked([leader] {
          const std::string state = "/proc/" + std::to_string(leader) + "/stat";
          while (get(state).find(") Z ") == std::string::npos) sched_yield();
          CHECK_VIEW("trixie");
          check_children_of("trixie");
          CHECK_OK(enter("sl6"));
          CHECK_VIEW("sl6");
          check_children_of("sl6");
          CHECK_OK(enter("/"));
          CHECK_VIEW("/");
          CHECK_OK(enter("alma9"));
          check_children_of("alma9");
        })();
        _exit(0);
      }).detach();
      raw(SYS_exit, 0); /* ends this thread only */
    });
    FINISH(pid);
  });
}

CHOS_CASE(inherit_exec_by_another_thread, 20) {
  /* A thread that calls execve(2) takes over the leader's PID and stays in the OS. */
  Node node;
  AS(kAnna, [] {
    for (const char* name : {"trixie", "/"}) {
      for (int i = 0; i < 20; ++i) {
        FINISH(start(kAnna, [name] {
          CHECK_OK(enter(name));
          std::thread(checked([name] { CHECK_OK(exec({kProbe, "spawn", name})); })).join();
        }));
      }
    }
  });
}

CHOS_CASE(inherit_setuid_program, 20) {
  Node node;
  const std::string probe = std::string(kTrees) + "/sl6/usr/bin/raised/probe";
  make_dirs(std::string(kTrees) + "/sl6/usr/bin/raised");
  install_probe(probe, 0, 0, 04755);
  mount_suid_tree(node.farm(), "sl6");
  CHECK_OK(allow("trixie:/os/trixie\nsl6:/os/sl6:suid\n"));
  AS(kAnna, [] {
    CHECK_OK(enter("sl6"));
    CHECK_EQ(run_program({"/usr/bin/raised/probe", "euid", "0"}), 0);
    CHECK_EQ(run_program({"/usr/bin/raised/probe", "view", "sl6"}), 0);
    CHECK_EQ(run_program({"/usr/bin/raised/probe", "spawn", "sl6"}), 0);
  });
  CHECK_OK(sys(unlink(probe.c_str())));
}

CHOS_CASE(inherit_child_pid_namespace, 20) {
  Node node;
  AS(kRoot, [] {
    CHECK_OK(enter("trixie"));
    FINISH(start_clone(CLONE_NEWPID, [] {
      CHECK_EQ(getpid(), 1);
      CHECK_VIEW("trixie");
      /* An orphan in that namespace: its new parent is PID 1 of the namespace. */
      Shared<Event> gone, looked;
      const pid_t between = clone_fork(0);
      if (between == 0) {
        if (clone_fork(0) == 0) {
          checked([&] {
            gone->wait();
            CHECK_EQ(getppid(), 1);
            CHECK_VIEW("trixie");
            CHECK_OK(enter("sl6"));
            CHECK_VIEW("sl6");
            looked->add();
          })();
        }
        _exit(0);
      }
      CHECK_EQ(wait_status(between), 0);
      gone->add();
      looked->wait();
      CHECK_VIEW("trixie");
      int status = 0;
      CHECK(waitpid(-1, &status, 0) > 0);
      CHECK_EQ(status, 0);
    }));
    CHECK_VIEW("trixie");
  });
}

CHOS_CASE(inherit_child_mount_namespace, 20) {
  /* The child's root is another mount of the farm; that is no sign that a thread has moved us. */
  Node node;
  AS(kRoot, [] {
    CHECK_OK(enter("trixie"));
    FINISH(start_clone(CLONE_NEWNS, [] { CHECK_VIEW("trixie"); }));
    Event end;
    std::thread idle([&] { end.wait(); });
    FINISH(start_clone(CLONE_NEWNS, [] { CHECK_VIEW("trixie"); }));
    end.add();
    idle.join();
  });
}

CHOS_CASE(inherit_daemon, 20) {
  /* A daemon by double fork and setsid; its first look at the link is after its parents have exited. */
  Node node;
  Shared<Event> gone, done;
  for (const char* name : {"trixie", "/"}) {
    AS(kAnna, [&] {
      CHECK_OK(enter("sl6"));
      CHECK_OK(enter(name));
      AS(kAnna, [&] {
        CHECK_OK(setsid());
        if (fork() == 0) {
          checked([&] {
            gone->wait();
            CHECK_VIEW(name);
            AS(kAnna, [&] { CHECK_VIEW(name); });
            done->add();
          })();
          _exit(0);
        }
      });
    });
    gone->add();
    done->wait(name[0] == '/' ? 2 : 1);
  }
}

CHOS_CASE(inherit_parent_switches_later, 20) {
  /* The children look at the link for the first time after the parent has switched again. */
  Node node;
  AS(kAnna, [] {
    Shared<Event> look;
    std::vector<pid_t> children;
    const char* names[] = {"/", "trixie", "sl6", "/", "alma9"};
    for (const char* name : names) {
      CHECK_OK(enter(name));
      for (int i = 0; i < 4; ++i) {
        children.push_back(start(kAnna, [&look, name] {
          look->wait();
          CHECK_VIEW(name);
        }));
      }
    }
    CHECK_OK(enter("trixie"));
    look->add();
    for (const pid_t pid : children) FINISH(pid);
  });
}

CHOS_CASE(inherit_child_leaves, 20) {
  /* A child that left its parent's OS stays in the base, and so do its children. */
  Node node;
  AS(kAnna, [] {
    CHECK_OK(enter("trixie"));
    AS(kAnna, [] {
      CHECK_OK(enter("/"));
      CHECK_VIEW("/");
      AS(kAnna, [] {
        CHECK_VIEW("/");
        check_children_of("/");
      });
    });
    CHECK_VIEW("trixie");
  });
}

CHOS_CASE(inherit_without_tracking, 20) {
  /* track=0: the first look of a process takes the OS of its nearest ancestor in the table. */
  Node node({.parameters = "track=0"});
  CHECK_EQ(version()["fork_tracking"], std::string("off"));
  AS(kAnna, [] {
    CHECK_VIEW("/");
    CHECK_OK(enter("trixie"));
    AS(kAnna, [] {
      AS(kAnna, [] {
        AS(kAnna, [] { CHECK_VIEW("trixie"); }); /* the first of the chain to look */
        CHECK_VIEW("trixie");
      });
      CHECK_OK(enter("/"));
      AS(kAnna, [] { CHECK_VIEW("/"); }); /* its parent left: it is not in trixie again */
    });
    check_children_of("trixie");
    CHECK_OK(enter("/"));
    check_children_of("/");
  });
}

CHOS_CASE(inherit_without_tracking_born_in_the_base, 30) {
  /* track=0: a process looks for the first time after its parent has entered an OS. */
  for (const Farm farm : {Farm::kModule, Farm::kHandMade}) {
    Node node({.farm = farm, .parameters = "track=0"});
    AS(kAnna, [] {
      Shared<Event> look;
      const auto child_in = [&](const char* os) {
        return start(kAnna, [&, os] {
          look->wait();
          CHECK_VIEW(os);
          AS(kAnna, [os] { CHECK_VIEW(os); });
        });
      };
      const pid_t before = child_in("/");
      CHECK_OK(enter("trixie"));
      const pid_t after = child_in("trixie");
      look->add();
      FINISH(before);
      FINISH(after);
    });
  }
}

CHOS_CASE(inherit_fork_beside_switch, 60) {
  /*
   * One thread forks while another thread moves the process between the base and an OS.  The root
   * directory and the OS of each child must match, whether the fork or the switch came first.
   */
  Node node;
  AS(kAnna, [] {
    std::atomic<bool> stop{false};
    std::thread switcher(checked([&] {
      for (int i = 0; !stop; ++i) CHECK_OK(enter(i % 2 ? "/" : "trixie"));
    }));
    for (int i = 0; i < load(200, 10000); ++i) {
      FINISH(start(kAnna, [] {
        const std::string seen = view();
        CHECK_SAY(seen == "/" || seen == "trixie", seen);
      }));
    }
    stop = true;
    switcher.join();
  });
}

}  // namespace chos::guest
