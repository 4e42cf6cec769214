/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The setuid programs of an OS marked suid are for processes in that OS: groups= and closed say who
 * may enter it, but everybody reaches its tree through the farm.
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <csignal>

#include "node.h"

namespace chos::guest {
namespace {

constexpr gid_t kGroup = 4711;
const Who kMember{1002, 1002, {kGroup}};
constexpr const char* kInSl6 = "/os/sl6/usr/bin/raised/";

constexpr const char* kAll[] = {"root", "group", "bert", "caps"};

/* Programs that give rights in the directory usr/bin/raised of a tree, or of the base with "". */
struct Programs {
  explicit Programs(const std::string& tree) : at(tree + "/usr/bin/raised/") {
    for (const char* name : kAll) make_dirs(at + name);
    install_probe(at + "root/probe", 0, 0, 04755);
    install_probe(at + "group/probe", 0, kGroup, 02755);
    install_probe(at + "bert/probe", kBert.uid, kBert.gid, 04755);
    install_probe(at + "caps/probe", 0, 0, 0755);
    vfs_cap_data data{};
    data.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE;
    data.data[0].permitted = 1u << CAP_NET_RAW;
    CHECK_OK(sys(setxattr((at + "caps/probe").c_str(), "security.capability", &data, XATTR_CAPS_SZ_2, 0)));
  }
  ~Programs() { remove_tree(at.substr(0, at.size() - 1)); }
  std::string at;
};

/* sl6 and alma9 are marked suid.  Only members enter sl6. */
struct SuidNode : Node {
  explicit SuidNode(const NodeOptions& options = {})
      : Node(options), sl6(std::string(kTrees) + "/sl6"), alma9(std::string(kTrees) + "/alma9") {
    mount_suid_tree(farm(), "sl6");
    mount_suid_tree(farm(), "alma9");
    CHECK_OK(allow("trixie:/os/trixie\nsl6:/os/sl6:suid,groups=4711\nalma9:/os/alma9:suid\n"));
  }
  Programs sl6, alma9;
};

/* Runs one of the programs, which says whether it has its rights; returns the wait status. */
int run_raised(const std::string& directory, const std::string& name) {
  const std::string program = directory + name + "/probe";
  note(program);
  if (name == "group") return run_program({program, "egid", "4711"});
  if (name == "bert") return run_program({program, "euid", "1001"});
  if (name == "caps") return run_program({program, "gained"});
  return run_program({program, "euid", "0"});
}

void check_killed(int status) {
  CHECK_SAY(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "wait status " + std::to_string(status));
}

void check_all_killed(const std::string& directory) {
  for (const char* name : kAll) check_killed(run_raised(directory, name));
}

void check_all_work(const std::string& directory) {
  for (const char* name : kAll) CHECK_EQ(run_raised(directory, name), 0);
}

int exec_fd(int fd) {
  const auto argv = argv_of({"probe", "euid", "0"});
  char* environment[] = {nullptr};
  return static_cast<int>(sys(syscall(SYS_execveat, fd, "", argv.data(), environment, AT_EMPTY_PATH)));
}

int run_fd(int fd, const Who& who = kAnna) {
  const pid_t pid = start(who, [fd] { CHECK_OK(exec_fd(fd)); });
  return wait_status(pid);
}

}  // namespace

CHOS_CASE(foreign_program_from_the_base, 30) {
  for (const Farm farm : {Farm::kModule, Farm::kHandMade}) {
    SuidNode node({.farm = farm});
    AS(kAnna, [] {
      CHECK_ERR(enter("sl6"), EACCES);
      check_all_killed(std::string("/chos") + kInSl6);
      CHECK_OK(sys(chdir("/chos/os/sl6/usr/bin")));
      check_killed(run_program({"raised/root/probe", "euid", "0"}));
      check_killed(run_program({std::string("/proc/self/root/chos") + kInSl6 + "root/probe", "euid", "0"}));
      make_file("/home/1000/script", std::string("#!/chos") + kInSl6 + "root/probe\n", 0755);
      check_killed(run_program({"/home/1000/script"}));
      /* Without rights, it runs there. */
      CHECK_EQ(run_program({"/chos/os/sl6/usr/bin/probe", "euid", "1000"}), 0);
    });
    CHECK_OK(allow("sl6:/os/sl6:suid,closed\n"));
    AS(kMember, [] {
      CHECK_ERR(enter("sl6"), EACCES);
      check_all_killed(std::string("/chos") + kInSl6);
    });
    /* After it left the list, too. */
    CHECK_OK(allow("trixie:/os/trixie\n"));
    AS(kAnna, [] { check_all_killed(std::string("/chos") + kInSl6); });
  }
}

CHOS_CASE(foreign_program_from_another_os, 30) {
  SuidNode node;
  AS(kAnna, [] {
    CHECK_OK(enter("alma9"));
    check_all_work("/usr/bin/raised/");
    check_all_work("/os/alma9/usr/bin/raised/");
    check_all_killed(kInSl6);
    check_all_killed(std::string("/proc/self/root") + kInSl6);
    CHECK_OK(enter("/"));
    check_all_killed("/chos/os/alma9/usr/bin/raised/");
  });
  Shared<Event> inside, closed;
  const pid_t member = start(kMember, [&] {
    CHECK_OK(enter("sl6"));
    check_all_work("/usr/bin/raised/");
    check_all_killed("/os/alma9/usr/bin/raised/");
    inside->add();
    closed->wait();
    check_all_work("/usr/bin/raised/"); /* for the processes that are inside */
  });
  inside->wait();
  CHECK_OK(allow("sl6:/os/sl6:suid,closed\n"));
  closed->add();
  FINISH(member);
}

CHOS_CASE(foreign_program_by_descriptor, 30) {
  SuidNode node;
  install_probe(node.sl6.at + "deleted", 0, 0, 04755);
  int ends[2];
  CHECK_OK(sys(socketpair(AF_UNIX, SOCK_STREAM, 0, ends)));
  Shared<Event> inside, done;
  const pid_t member = start(kMember, [&] {
    CHECK_OK(enter("sl6"));
    inside->add();
    done->wait();
  });
  inside->wait();
  const std::string root = "/proc/" + std::to_string(member) + "/root" + kInSl6;
  /* Through the root directory of a process in the OS, which its user may look at. */
  AS(kRoot, [&] {
    const Fd program = open_file(root + "root/probe", O_PATH);
    const Fd deleted = open_file(root + "deleted", O_PATH);
    CHECK_OK(program.get());
    CHECK_OK(deleted.get());
    CHECK_OK(sys(unlink((node.sl6.at + "deleted").c_str())));
    check_killed(run_fd(program.get()));
    check_killed(run_fd(deleted.get()));
    AS(kAnna, [&] {
      CHECK_OK(enter("alma9"));
      check_killed(run_fd(program.get()));
      check_killed(run_fd(deleted.get()));
    });
    AS(kMember, [&] {
      CHECK_OK(enter("sl6"));
      CHECK_EQ(run_fd(program.get(), kMember), 0);
      CHECK_EQ(run_fd(deleted.get(), kMember), 0);
    });
  });
  AS(kMember, [&] { check_all_killed(root); });
  done->add();
  FINISH(member);
}

CHOS_CASE(foreign_program_in_other_mounts, 30) {
  SuidNode node;
  /* A mount namespace of root's, in which its users run. */
  AS(kRoot, [] {
    CHECK_OK(sys(unshare(CLONE_NEWNS)));
    AS(kAnna, [] { check_all_killed(std::string("/chos") + kInSl6); });
  });
  /* A container that shows the whole node at /host. */
  AS(kRoot, [] {
    CHECK_OK(sys(unshare(CLONE_NEWNS)));
    CHECK_OK(set_mount("/", MS_PRIVATE | MS_REC));
    make_dirs("/srv/container/host");
    CHECK_OK(bind_mount("/", "/srv/container/host", MS_REC));
    CHECK_OK(sys(chroot("/srv/container")));
    CHECK_OK(sys(chdir("/")));
    AS(kAnna, [] {
      check_all_killed(std::string("/host/chos") + kInSl6);
      CHECK_EQ(run_program({"/host/usr/bin/probe", "euid", "1000"}), 0);
    });
  });
  remove_tree("/srv/container");
  /* A directory that all share is not a tree: its programs work inside, but not through the farm. */
  install_probe("/home/probe", 0, 0, 04755);
  AS(kAnna, [] {
    CHECK_EQ(run_program({"/home/probe", "euid", "0"}), 0);
    check_killed(run_program({"/chos/home/probe", "euid", "0"}));
    CHECK_OK(enter("alma9"));
    CHECK_EQ(run_program({"/home/probe", "euid", "0"}), 0);
  });
  CHECK_OK(sys(unlink("/home/probe")));
  /* A directory above the program was moved out of the mount: no path leads there. */
  const std::string tree = std::string(kTrees) + "/sl6";
  make_dirs("/srv/out");
  AS(kRoot, [&] {
    const Fd program = open_file("/chos/os/sl6/usr/bin/raised/root/probe", O_PATH);
    CHECK_OK(sys(rename((tree + "/usr").c_str(), "/srv/out/usr")));
    AS(kAnna, [&] { check_killed(run_fd(program.get())); });
    CHECK_OK(sys(rename("/srv/out/usr", (tree + "/usr").c_str())));
  });
}

CHOS_CASE(foreign_program_in_nested_trees, 30) {
  SuidNode node;
  const Programs inner(std::string(kTrees) + "/sl6/inner");
  CHECK_OK(
      allow("sl6:/os/sl6:suid\nalias:/os/sl6:suid\ninner:/os/sl6/inner:suid\n"
            "alma:/os/alma:suid\nbase:/\n"));
  AS(kAnna, [] {
    CHECK_OK(enter("sl6"));
    check_all_work("/usr/bin/raised/");
    check_all_killed("/os/sl6/inner/usr/bin/raised/");
    CHECK_OK(enter("alias")); /* another OS with the same tree */
    check_all_work("/usr/bin/raised/");
    CHECK_OK(enter("inner"));
    check_all_work("/usr/bin/raised/");
    check_all_killed(kInSl6);
    /* alma9 is not below alma, but it was in an earlier list. */
    check_all_killed("/os/alma9/usr/bin/raised/");
  });
}

CHOS_CASE(foreign_not_in_the_base, 30) {
  /* Programs of the base whose paths look a little like the farm's. */
  SuidNode node;
  const std::pair<const char*, const char*> places[] = {
      {"", ""}, {"/chosen", "/chosen"}, {"/srv/chos", "/srv/chos"}, {"/os/sl6", "/os"}};
  for (const auto& [directory, made] : places) {
    {
      const Programs base(directory);
      AS(kAnna, [&] { check_all_work(base.at); });
    }
    if (*made) remove_tree(made);
  }
  /* A path that is too long to be told. */
  Fd at = open_file("/srv", O_RDONLY | O_DIRECTORY);
  const std::string name(250, 'd');
  for (int i = 0; i < 17; ++i) {
    CHECK_OK(sys(mkdirat(at.get(), name.c_str(), 0755)));
    at = Fd(openat(at.get(), name.c_str(), O_RDONLY | O_DIRECTORY));
    CHECK_OK(at.get());
  }
  const std::string here = "/proc/self/fd/" + std::to_string(at.get()) + "/probe";
  install_probe(here, 0, 0, 04755);
  const Fd program(openat(at.get(), "probe", O_PATH));
  CHECK_OK(program.get());
  check_killed(run_fd(program.get()));
  CHECK_OK(sys(unlinkat(at.get(), "probe", 0)));
  for (int i = 17; i-- > 0;) {
    at = Fd(openat(at.get(), "..", O_RDONLY | O_DIRECTORY));
    CHECK_OK(sys(unlinkat(at.get(), name.c_str(), AT_REMOVEDIR)));
  }
}

CHOS_CASE(foreign_farm_behind_a_link, 20) {
  /* The guard compares paths with farm=: a link on that path refuses the OSs. */
  make_dirs("/srv/real");
  make_link("real", "/srv/link");
  {
    Node node({.farm = Farm::kNone, .parameters = "farm=/srv/link/chos"});
    make_dirs("/srv/real/chos");
    CHECK_OK(put(CHOS_LAYOUT, "dir os\n"));
    CHECK_OK(bind_mount(CHOS_FARM, "/srv/real/chos"));
    CHECK_OK(set_mount("/srv/real/chos", MS_PRIVATE));
    CHECK_OK(bind_mount(kTrees, "/srv/real/chos/os"));
    AS(kAnna, [] { CHECK_ERR(enter("trixie"), ELOOP); });
    CHECK_OK(umount_lazily("/srv/real/chos"));
  }
  remove_tree("/srv/real");
  CHECK_OK(sys(unlink("/srv/link")));
}

}  // namespace chos::guest
