/* SPDX-License-Identifier: BSD-3-Clause */
/* Loading and unloading: the files that insmod creates, its parameters, and when rmmod is refused. */
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <map>

#include "node.h"

namespace chos::guest {
namespace {

/* Loads the module; the destructor unmounts everything and unloads it. */
class Loaded {
 public:
  explicit Loaded(const std::string& parameters = "") { CHECK_OK(load_module(parameters)); }
  ~Loaded() {
    const std::string trouble = clean_up(CHOS_FARM_DEFAULT);
    if (!trouble.empty()) mark_failed("the module cannot be unloaded: " + trouble);
  }
};

void check_mode(const char* path, mode_t type, mode_t bits) {
  struct stat info;
  CHECK_OK(sys(lstat(path, &info)));
  CHECK_EQ(info.st_mode & S_IFMT, type);
  CHECK_SAY((info.st_mode & 07777) == bits, std::string(path) + " has another mode");
  CHECK_EQ(info.st_uid, 0u);
  CHECK_EQ(info.st_gid, 0u);
}

/* The number of objects in use, for each slab cache of the kernel. */
std::map<std::string, long> slab_objects() {
  std::map<std::string, long> all;
  std::istringstream lines(get("/proc/slabinfo"));
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string name;
    long active = 0;
    if (words >> name >> active) all[name] = active;
  }
  return all;
}

bool mounted_at(const std::string& path) {
  const auto points = mount_points();
  return std::find(points.begin(), points.end(), path) != points.end();
}

}  // namespace

CHOS_CASE(load_insmod_alone, 10) {
  const Loaded module;
  check_mode(CHOS_LINK, S_IFLNK, 0777);
  check_mode(CHOS_SETCHOS, S_IFREG, 0666);
  check_mode(CHOS_VALID, S_IFREG, 0600);
  check_mode(CHOS_PROCESSES, S_IFREG, 0444);
  check_mode(CHOS_LAYOUT, S_IFREG, 0600);
  check_mode(CHOS_USAGE, S_IFREG, 0400);
  check_mode(CHOS_VERSION, S_IFREG, 0444);
  check_mode(CHOS_FARM, S_IFDIR, 0755);
  const auto names = names_in(CHOS_MOUNT);
  CHECK_EQ(names.size(), 8u);
  CHECK_EQ(names_in(CHOS_FARM).size(), 0u);
  struct statfs fs;
  CHECK_OK(sys(statfs(CHOS_MOUNT, &fs)));
  CHECK_EQ(static_cast<unsigned long>(fs.f_type), static_cast<unsigned long>(CHOS_FS_MAGIC));
  AS(kAnna, [] {
    CHECK_EQ(link_of(CHOS_LINK), std::string("/"));
    CHECK_EQ(get(CHOS_SETCHOS), std::string("/\n"));
    CHECK_ERR(open_file(CHOS_VALID, O_RDONLY).get(), EACCES);
    CHECK_ERR(open_file(CHOS_VALID, O_WRONLY).get(), EACCES);
    CHECK_ERR(open_file(CHOS_LAYOUT, O_RDONLY).get(), EACCES);
    CHECK_ERR(open_file(CHOS_USAGE, O_RDONLY).get(), EACCES);
    CHECK_ERR(open_file(CHOS_LAYOUT, O_WRONLY).get(), EACCES);
    CHECK_ERR(open_file(CHOS_VERSION, O_WRONLY).get(), EACCES);
    CHECK_ERR(open_file(CHOS_PROCESSES, O_WRONLY).get(), EACCES);
    CHECK_ERR(enter("trixie"), ENOENT); /* the allowlist is empty */
    CHECK_OK(enter("/"));
    CHECK_EQ(link_of(CHOS_LINK), std::string("/"));
  });
  CHECK_EQ(get("/sys/module/chos/parameters/farm"), std::string("/chos\n"));
  CHECK_EQ(get("/sys/module/chos/parameters/mount").substr(0, 1).find_first_of("1Y"), 0u);
  CHECK_EQ(get("/sys/module/chos/parameters/track").substr(0, 1).find_first_of("1Y"), 0u);
  CHECK_EQ(get(CHOS_VALID).find_first_not_of('\n'), std::string::npos);
  CHECK_EQ(get(CHOS_LAYOUT), std::string());
  CHECK_EQ(get(CHOS_PROCESSES), std::string());
  CHECK_EQ(get(CHOS_USAGE), std::string());
}

CHOS_CASE(load_version_file, 10) {
  const Loaded module;
  const char* keys[] = {"version",        "abi",
                        "fork_tracking",  "entries",
                        "interned",       "table_bytes",
                        "enters",         "leaves",
                        "refused_EINVAL", "refused_ENAMETOOLONG",
                        "refused_ENOENT", "refused_ENOTDIR",
                        "refused_EACCES", "refused_EXDEV",
                        "refused_EBUSY",  "refused_EPERM",
                        "refused_other",  "killed"};
  std::istringstream lines(get(CHOS_VERSION));
  for (const char* key : keys) {
    std::string line;
    CHECK(static_cast<bool>(std::getline(lines, line)));
    CHECK_SAY(line.rfind(std::string(key) + " ", 0) == 0, line + ": expected " + key);
    CHECK_SAY(std::count(line.begin(), line.end(), ' ') == 1, line);
  }
  CHECK_EQ(counter("abi"), static_cast<long>(CHOS_ABI_VERSION));
  CHECK_EQ(version()["fork_tracking"], std::string("on"));
  CHECK_EQ(counter("entries"), 0);
  CHECK_EQ(counter("interned"), 0);
  int major = 0, minor = 0, patch = 0, end = 0;
  const std::string number = version()["version"];
  CHECK_EQ(sscanf(number.c_str(), "%d.%d.%d%n", &major, &minor, &patch, &end), 3);
  CHECK_OK(allow(kList));
  CHECK_EQ(counter("entries"), 4);
}

CHOS_CASE(load_without_mount, 10) {
  const Loaded module("mount=0");
  CHECK(!mounted_at(CHOS_MOUNT));
  CHECK_EQ(names_in(CHOS_MOUNT).size(), 0u); /* the empty mount point exists */
  CHECK_OK(mount_fs(CHOS_FS_TYPE, CHOS_MOUNT));
  CHECK_EQ(link_of(CHOS_LINK), std::string("/"));
  CHECK_EQ(names_in(CHOS_MOUNT).size(), 8u);
}

CHOS_CASE(load_without_mount_unloads, 10) {
  for (int i = 0; i < 20; ++i) {
    CHECK_OK(load_module("mount=0"));
    CHECK_OK(unload_module()); /* no clean-up is needed: nothing is mounted */
    CHECK(!exists(CHOS_MOUNT));
  }
}

CHOS_CASE(load_mount_program_missing, 20) {
  /* If the module cannot mount chosfs, it stays loaded and logs the command to run. */
  const char* program = "/bin/mount";
  CHECK_OK(sys(rename(program, "/bin/mount.away")));
  Log log;
  const int loaded = load_module("");
  CHECK_OK(sys(rename("/bin/mount.away", program)));
  CHECK_OK(loaded);
  CHECK(!mounted_at(CHOS_MOUNT));
  CHECK(log.wait_for({"chos", "mount -t chosfs", CHOS_MOUNT}));
  CHECK_OK(mount_fs(CHOS_FS_TYPE, CHOS_MOUNT));
  CHECK_EQ(link_of(CHOS_LINK), std::string("/"));
  CHECK_EQ(clean_up(CHOS_FARM_DEFAULT), std::string());
}

CHOS_CASE(load_bad_parameters, 10) {
  for (const char* bad : {"farm=chos", "farm=", "mount=7", "track=maybe"}) {
    const int result = load_module(bad);
    const std::string trouble = clean_up(CHOS_FARM_DEFAULT);
    CHECK_EQ(trouble, std::string());
    CHECK_SAY(result == -EINVAL, std::string(bad) + " gave " + show_result(result));
    CHECK(!exists(CHOS_MOUNT));
  }
  const Loaded module;
  CHECK_ERR(load_module(""), EEXIST);
}

CHOS_CASE(load_second_mount, 10) {
  /* All mounts show one superblock, and users cannot mount it. */
  const Loaded module;
  CHECK_OK(allow(kList));
  make_dirs("/srv/again");
  CHECK_OK(mount_fs(CHOS_FS_TYPE, "/srv/again"));
  CHECK_EQ(get("/srv/again/valid"), get(CHOS_VALID));
  CHECK_EQ(get(std::string("/srv/again/setchos")), std::string("/\n"));
  CHECK_ERR(unload_module(), EAGAIN);
  CHECK_OK(umount_lazily("/srv/again"));
  AS(kAnna, [] { CHECK_ERR(mount_fs(CHOS_FS_TYPE, "/srv/again"), EPERM); });
}

CHOS_CASE(load_unload_refused, 20) {
  const Loaded module;
  CHECK_ERR(unload_module(), EAGAIN);
  make_dirs("/chos");
  CHECK_OK(bind_mount(CHOS_FARM, "/chos"));
  CHECK_OK(umount_lazily(CHOS_MOUNT));
  CHECK_ERR(unload_module(), EAGAIN); /* the bind mount of the farm counts */
  CHECK_OK(umount_lazily("/chos"));
  CHECK_OK(mount_fs(CHOS_FS_TYPE, CHOS_MOUNT));
  {
    const Fd open_one = open_file(CHOS_SETCHOS, O_RDWR);
    CHECK_OK(open_one.get());
    CHECK_OK(umount_lazily(CHOS_MOUNT));
    CHECK_ERR(unload_module(), EAGAIN); /* detached, but a file is open */
    char byte;
    CHECK_OK(sys(read(open_one.get(), &byte, 1)));
  }
  CHECK_EQ(clean_up(CHOS_FARM_DEFAULT), std::string());
  CHECK(!module_loaded());
  CHECK_OK(load_module(""));
}

CHOS_CASE(load_unload_refused_while_inside, 20) {
  /* A process whose root is the farm pins the module even after all mounts are detached. */
  auto node = std::make_unique<Node>();
  Shared<Event> inside, leave;
  const pid_t pid = start(kAnna, [&] {
    CHECK_OK(enter("trixie"));
    inside->add();
    leave->wait();
  });
  inside->wait();
  CHECK_OK(umount_lazily("/chos"));
  CHECK_OK(umount_lazily(CHOS_MOUNT));
  CHECK_ERR(unload_module(), EAGAIN);
  leave->add();
  FINISH(pid);
  node->down();
  CHECK(!module_loaded());
}

CHOS_CASE(load_unload_100_times, 60) {
  const int rounds = load(100, 1000);
  for (int i = 0; i < rounds; ++i) {
    CHECK_OK(load_module(""));
    CHECK_EQ(link_of(CHOS_LINK), std::string("/"));
    CHECK_EQ(clean_up(CHOS_FARM_DEFAULT), std::string());
    CHECK(!exists(CHOS_MOUNT));
  }
}

CHOS_CASE(load_unload_leaves_nothing, 60) {
  /*
   * Loads, uses and unloads the module many times.  If each round leaks an object, the count rises in
   * all of three windows; objects that the kernel keeps for other reasons do not show that.
   */
  const int rounds = load(8, 100);
  const auto use = [] {
    Node node;
    CHECK_OK(allow(std::string(kList) + "g:/os/trixie:groups=1|2|3\n"));
    AS(kAnna, [] {
      CHECK_OK(enter("trixie"));
      CHECK_VIEW("trixie");
      CHECK_ERR(enter("nope"), ENOENT);
    });
    node.down();
    CHECK(!module_loaded());
  };
  for (int i = 0; i < rounds; ++i) use();
  std::map<std::string, long> least;
  for (int window = 0; window < 3; ++window) {
    const auto before = slab_objects();
    for (int i = 0; i < rounds; ++i) use();
    for (const auto& [name, objects] : slab_objects()) {
      const auto old = before.find(name);
      const long rise = objects - (old == before.end() ? 0 : old->second);
      least[name] = window ? std::min(least[name], rise) : rise;
    }
  }
  for (const auto& [name, rise] : least) {
    CHECK_SAY(rise < rounds, name + ": " + std::to_string(rise) +
                                 " objects more in each of three windows of " + std::to_string(rounds) +
                                 " rounds");
  }
  CHECK_EQ(get("/proc/vmallocinfo").find("[chos]"), std::string::npos);
}

CHOS_CASE(load_unload_under_load, 90) {
  /* Processes read, fork and try to switch during insmod and rmmod. */
  Shared<std::atomic<bool>> stop;
  std::vector<pid_t> busy;
  for (int i = 0; i < 4; ++i) {
    busy.push_back(start(kAnna, [&] {
      char target[64];
      while (!stop->load()) {
        const ssize_t size = readlink(CHOS_LINK, target, sizeof target);
        CHECK(size < 0 || (size == 1 && target[0] == '/'));
        const int result = enter("trixie");
        CHECK_SAY(result == -ENOENT || result == -EXDEV || result == -EACCES, show_result(result));
        int error = 0;
        get(CHOS_SETCHOS, &error);
        get(CHOS_PROCESSES, &error);
        const pid_t pid = static_cast<pid_t>(raw(SYS_vfork));
        if (pid == 0) raw(SYS_exit, 0);
        if (pid > 0) wait_status(pid);
      }
    }));
  }
  for (int i = 0; i < load(15, 500); ++i) {
    CHECK_OK(load_module(""));
    CHECK_EQ(clean_up(CHOS_FARM_DEFAULT), std::string());
  }
  stop->store(true);
  for (const pid_t pid : busy) FINISH(pid);
}

CHOS_CASE(load_files_stay, 10) {
  /* Nobody, root included, can create, rename or remove a name in chosfs. */
  Node node;
  const auto attack = [](int expected) {
    for (const std::string& path :
         {std::string(CHOS_LINK), std::string(CHOS_SETCHOS), std::string(CHOS_VALID)}) {
      CHECK_SAY(unlink(path.c_str()) < 0, path);
      CHECK_SAY(rename(path.c_str(), (path + "2").c_str()) < 0, path);
    }
    for (const std::string& directory : {std::string(CHOS_MOUNT), std::string(CHOS_FARM)}) {
      CHECK(mkdir((directory + "/new").c_str(), 0755) < 0);
      CHECK(symlink("x", (directory + "/new").c_str()) < 0);
      CHECK(link(CHOS_VERSION, (directory + "/new").c_str()) < 0);
      CHECK(open((directory + "/new").c_str(), O_CREAT | O_WRONLY, 0644) < 0);
      CHECK(mknod((directory + "/new").c_str(), S_IFIFO | 0644, 0) < 0);
    }
    CHECK(rmdir(CHOS_FARM) < 0);
    CHECK(rmdir(CHOS_FARM "/home") < 0);
    CHECK(unlink(CHOS_FARM "/usr") < 0);
    CHECK_ERR(sys(lchown(CHOS_LINK, 1000, 1000)), EPERM);
    CHECK_ERR(sys(lchown(CHOS_FARM "/usr", 1000, 1000)), EPERM);
    if (expected) {
      CHECK_ERR(sys(chmod(CHOS_VALID, 0666)), EPERM);
      CHECK_ERR(sys(chown(CHOS_VALID, 1000, 1000)), EPERM);
      CHECK(truncate(CHOS_VALID, 0) < 0);
    }
  };
  AS(kRoot, [&] { attack(0); });
  AS(kAnna, [&] { attack(1); });
  CHECK_EQ(names_in(CHOS_MOUNT).size(), 8u);
  CHECK_EQ(get(CHOS_VALID), std::string(kList));
}

}  // namespace chos::guest
