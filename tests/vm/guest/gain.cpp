/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside an OS that is not marked suid, no program file gives rights by setuid, setgid or file
 * capabilities, however it is reached: the process is killed before the program runs.
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "node.h"

namespace chos::guest {
namespace {

constexpr gid_t kGroup = 4711;

/*
 * Programs of the base OS that give rights by setuid (of root, another user, the caller), setgid and
 * a capability, and one that gives none.
 */
struct Base {
  Base() {
    for (const char* name : {"root", "group", "bert", "anna", "caps", "plain"}) {
      make_dirs(std::string("/usr/bin/") + name);
    }
    install_probe("/usr/bin/root/probe", 0, 0, 04755);
    install_probe("/usr/bin/group/probe", 0, kGroup, 02755);
    install_probe("/usr/bin/bert/probe", kBert.uid, kBert.gid, 04755);
    install_probe("/usr/bin/anna/probe", kAnna.uid, kAnna.gid, 04755);
    install_probe("/usr/bin/plain/probe", 0, 0, 0755);
    install_probe("/usr/bin/caps/probe", 0, 0, 0755);
    vfs_cap_data data{};
    data.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE;
    data.data[0].permitted = 1u << CAP_NET_RAW;
    CHECK_OK(sys(setxattr("/usr/bin/caps/probe", "security.capability", &data, XATTR_CAPS_SZ_2, 0)));
  }
  ~Base() {
    for (const char* name : {"root", "group", "bert", "anna", "caps", "plain"}) {
      unlink((std::string("/usr/bin/") + name + "/probe").c_str());
    }
  }
};

int exec_fd(int fd, const std::vector<std::string>& arguments) {
  const auto argv = argv_of(arguments);
  char* environment[] = {nullptr};
  return static_cast<int>(sys(syscall(SYS_execveat, fd, "", argv.data(), environment, AT_EMPTY_PATH)));
}

/*
 * Opens the program in the base OS, enters the OS, and executes the descriptor, all as `who`.
 * Returns the wait status.
 */
int run_by_descriptor(const std::string& program, const char* os, const Who& who,
                      const std::vector<std::string>& arguments) {
  const pid_t pid = start(who, [&] {
    const Fd fd = open_file(program, O_PATH);
    CHECK_OK(fd.get());
    CHECK_OK(enter(os));
    CHECK_OK(exec_fd(fd.get(), arguments));
  });
  return wait_status(pid);
}

void check_killed(int status) {
  CHECK_SAY(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "wait status " + std::to_string(status));
}

}  // namespace

CHOS_CASE(gain_by_descriptor_is_killed, 30) {
  Node node;
  const Base base;
  long killed = counter("killed");
  CHECK_EQ(killed, 0L);
  for (const char* program : {"root", "group", "bert", "caps"}) {
    note(program);
    const std::string path = std::string("/usr/bin/") + program + "/probe";
    Log log;
    check_killed(run_by_descriptor(path, "trixie", kAnna, {"probe", "view", "trixie"}));
    CHECK_EQ(counter("killed"), ++killed);
    CHECK_SAY(log.wait_for({"chos", "killed", "1000"}), log.text());
    check_killed(run_by_descriptor(path, "/os/sl6", kAnna, {"probe", "view", "sl6"}));
    CHECK_EQ(counter("killed"), ++killed);
  }
  /* In the base OS they work, also after a visit to an OS. */
  AS(kAnna, [] {
    CHECK_EQ(run_program({"/usr/bin/root/probe", "euid", "0"}), 0);
    CHECK_EQ(run_program({"/usr/bin/bert/probe", "euid", "1001"}), 0);
    CHECK_EQ(run_program({"/usr/bin/group/probe", "egid", "4711"}), 0);
    CHECK_EQ(run_program({"/usr/bin/caps/probe", "gained"}), 0);
    CHECK_OK(enter("trixie"));
    CHECK_OK(enter("/"));
    CHECK_EQ(run_program({"/usr/bin/root/probe", "euid", "0"}), 0);
    CHECK_EQ(run_program({"/usr/bin/caps/probe", "gained"}), 0);
  });
  CHECK_EQ(counter("killed"), killed);
}

CHOS_CASE(gain_by_other_ways_is_killed, 30) {
  Node node;
  const Base base;
  Shared<Event> ready, done;
  const pid_t outside = start(kAnna, [&] {
    ready->add();
    done->wait();
  });
  ready->wait();
  const std::string root = "/proc/" + std::to_string(outside) + "/root";
  make_file("/home/1000/script", "#!" + root + "/usr/bin/root/probe\n", 0755);
  AS(kAnna, [&] {
    const Fd directory = open_file("/usr/bin", O_PATH | O_DIRECTORY);
    CHECK_OK(enter("trixie"));
    CHECK_EQ(get(root + "/usr/id"), std::string("base")); /* files of the base can be read */
    check_killed(run_program({root + "/usr/bin/root/probe", "euid", "0"}));
    check_killed(run_program({root + "/usr/bin/caps/probe", "gained"}));
    /* As the interpreter of a script. */
    check_killed(run_program({"/home/1000/script"}));
    /* By a working directory that was opened in the base. */
    AS(kAnna, [&] {
      CHECK_OK(sys(fchdir(directory.get())));
      check_killed(run_program({"root/probe", "euid", "0"}));
    });
    /* From a thread other than the thread group leader. */
    const pid_t threaded = start(kAnna, [&] {
      std::thread([&] { exec({root + "/usr/bin/root/probe", "euid", "0"}); }).join();
    });
    check_killed(wait_status(threaded));
    CHECK_VIEW("trixie");
  });
  /* A program of the OS's own tree, by its path in the base, where trees are not mounted nosuid. */
  const std::string in_tree = std::string(kTrees) + "/trixie/usr/bin/raised";
  make_dirs(in_tree);
  install_probe(in_tree + "/probe", 0, 0, 04755);
  AS(kAnna, [&] {
    CHECK_OK(enter("trixie"));
    check_killed(run_program({root + in_tree + "/probe", "euid", "0"}));
    /* By its path in the OS it runs and gains nothing. */
    CHECK_EQ(run_program({"/usr/bin/raised/probe", "euid", "1000"}), 0);
    CHECK_EQ(run_program({"/usr/bin/raised/probe", "gained"}), 0x100);
  });
  CHECK_OK(sys(unlink((in_tree + "/probe").c_str())));
  done->add();
  FINISH(outside);
}

CHOS_CASE(gain_of_nothing_is_not_killed, 30) {
  Node node;
  const Base base;
  const auto run = [](const char* program, const Who& who, std::vector<std::string> arguments) {
    return run_by_descriptor(std::string("/usr/bin/") + program + "/probe", "trixie", who, arguments);
  };
  CHECK_EQ(run("plain", kAnna, {"probe", "view", "trixie"}), 0);
  CHECK_EQ(run("anna", kAnna, {"probe", "euid", "1000"}), 0); /* setuid to the caller */
  CHECK_EQ(run("root", kRoot, {"probe", "euid", "0"}), 0);
  CHECK_EQ(run("caps", kRoot, {"probe", "euid", "0"}), 0);
  CHECK_EQ(run("group", {1000, kGroup, {}}, {"probe", "egid", "4711"}), 0);
  AS(kAnna, [] {
    CHECK_OK(enter("trixie"));
    /* The base as seen in the farm, where it is mounted nosuid. */
    CHECK_EQ(run_program({"/local/usr/bin/root/probe", "euid", "1000"}), 0);
    CHECK_EQ(run_program({"/local/usr/bin/caps/probe", "gained"}), 0x100);
  });
  const pid_t pid = start(kAnna, [] {
    const Fd fd = open_file("/usr/bin/root/probe", O_PATH);
    CHECK_OK(enter("trixie"));
    CHECK_OK(sys(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)));
    CHECK_OK(exec_fd(fd.get(), {"probe", "euid", "1000"}));
  });
  CHECK_EQ(wait_status(pid), 0);
  /* A daemon that becomes a user keeps the rights of its saved uid; it does not gain them. */
  AS(kRoot, [] {
    CHECK_OK(enter("trixie"));
    CHECK_OK(sys(setresuid(1000, 0, 0)));
    CHECK_EQ(run_program({"/usr/bin/probe", "euid", "0"}), 0);
  });
  CHECK_EQ(counter("killed"), 0L);
}

CHOS_CASE(gain_where_it_is_allowed, 30) {
  Node node;
  const Base base;
  const std::string in_tree = std::string(kTrees) + "/sl6/usr/bin/raised";
  make_dirs(in_tree);
  install_probe(in_tree + "/probe", 0, 0, 04755);
  mount_suid_tree(node.farm(), "sl6");
  CHECK_OK(allow("trixie:/os/trixie\nsl6:/os/sl6:suid\nalma9:/os/alma9:nosuid\n"));
  AS(kAnna, [] {
    CHECK_OK(enter("sl6"));
    CHECK_EQ(run_program({"/usr/bin/raised/probe", "euid", "0"}), 0);
    CHECK_EQ(run_program({"/usr/bin/raised/probe", "view", "sl6"}), 0);
    CHECK_OK(enter("trixie"));
    /* The suid mount is visible from other OSs, but must not give rights there. */
    check_killed(run_program({"/os/sl6/usr/bin/raised/probe", "euid", "0"}));
    CHECK_OK(enter("alma9"));
    check_killed(run_program({"/os/sl6/usr/bin/raised/probe", "euid", "0"}));
  });
  CHECK_EQ(run_by_descriptor("/usr/bin/root/probe", "sl6", kAnna, {"probe", "euid", "0"}), 0);
  CHECK_EQ(counter("killed"), 2L);
  /* The list that is in force decides. */
  CHECK_OK(allow("sl6:/os/sl6\n"));
  AS(kAnna, [] {
    CHECK_OK(enter("sl6"));
    check_killed(run_program({"/usr/bin/raised/probe", "euid", "0"}));
  });
  CHECK_OK(sys(unlink((in_tree + "/probe").c_str())));
}

}  // namespace chos::guest
