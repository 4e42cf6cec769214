/* SPDX-License-Identifier: BSD-3-Clause */
/* The farm: its names, its links that depend on the reader, a farm at another path or made by hand. */
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "node.h"

namespace chos::guest {
namespace {

void refuse(const std::string& text, int error) {
  const std::string before = get(CHOS_LAYOUT);
  const int result = put(CHOS_LAYOUT, text);
  CHECK_SAY(result == -error, show(text) + " gave " + show_result(result));
  CHECK_EQ(get(CHOS_LAYOUT), before);
}

unsigned char type_in_directory(const std::string& directory, const std::string& name) {
  DIR* dir = opendir(directory.c_str());
  CHECK(dir != nullptr);
  unsigned char type = DT_UNKNOWN;
  while (const dirent* entry = readdir(dir)) {
    if (name == entry->d_name) type = entry->d_type;
  }
  closedir(dir);
  return type;
}

void check_a_visit() {
  AS(kAnna, [] {
    for (const char* name : {"trixie", "sl6", "/", "alma9"}) {
      CHECK_OK(enter(name));
      CHECK_VIEW(name);
      AS(kAnna, [name] { CHECK_VIEW(name); });
      CHECK_EQ(run_program({"/usr/bin/probe", "spawn", name}), 0);
    }
    CHECK_EQ(get("/etc/os-release"), std::string("NAME=alma9\n"));
    make_file("/home/1000/visit", "visit");
  });
  CHECK_EQ(get("/home/1000/visit"), std::string("visit"));
}

}  // namespace

CHOS_CASE(farm_layout, 20) {
  Node node({.farm = Farm::kNone});
  CHECK_EQ(get(CHOS_LAYOUT), std::string());
  CHECK_OK(put(CHOS_LAYOUT, "link usr\ndir home\nlink a.b_c+d-e\ndir 9\n"));
  CHECK_EQ(get(CHOS_LAYOUT), std::string("link usr\ndir home\nlink a.b_c+d-e\ndir 9\n"));
  CHECK_OK(put(CHOS_LAYOUT, "dir home\nlink usr\ndir tmp")); /* two known names and a new one */
  CHECK_EQ(get(CHOS_LAYOUT), std::string("link usr\ndir home\nlink a.b_c+d-e\ndir 9\ndir tmp\n"));
  const auto names = names_in(CHOS_FARM);
  CHECK_EQ(names.size(), 5u);
  CHECK_EQ(type_in_directory(CHOS_FARM, "usr"), static_cast<unsigned char>(DT_LNK));
  CHECK_EQ(type_in_directory(CHOS_FARM, "home"), static_cast<unsigned char>(DT_DIR));
  struct stat info;
  CHECK_OK(sys(lstat(CHOS_FARM "/home", &info)));
  CHECK_EQ(info.st_mode, static_cast<mode_t>(S_IFDIR | 0755));
  CHECK_EQ(info.st_uid, 0u);
  CHECK_OK(sys(lstat(CHOS_FARM "/usr", &info)));
  CHECK_EQ(info.st_mode, static_cast<mode_t>(S_IFLNK | 0777));
  CHECK_EQ(link_of(CHOS_FARM "/usr"), std::string("local/usr")); /* as a reader in no OS sees it */
}

CHOS_CASE(farm_layout_refuses, 20) {
  Node node({.farm = Farm::kNone});
  CHECK_OK(put(CHOS_LAYOUT, "link usr\ndir home\n"));
  for (const char* bad : {"usr",
                          "link",
                          "dir",
                          "link ",
                          "dir ",
                          "link  usr",
                          " link usr",
                          "link usr ",
                          "link\tusr",
                          "file usr",
                          "LINK usr",
                          "links usr",
                          "link .",
                          "link ..",
                          "dir .",
                          "dir ..",
                          "link a/b",
                          "dir /a",
                          "link a:b",
                          "link a*b",
                          "link a b",
                          "link \xc3\xbc",
                          "dir x\r\n",
                          "link new\ndir ..\n",
                          "link new\nnonsense",
                          "#x"}) {
    refuse(bad, EINVAL);
  }
  refuse(std::string("link a\0b", 8), EINVAL);
  refuse("link " + std::string(CHOS_NAME_MAX + 1, 'n'), EINVAL);
  refuse("dir usr\n", EEXIST);
  refuse("link home\n", EEXIST);
  refuse("dir new\nlink newer\ndir usr\n", EEXIST); /* none of the three is added */
  CHECK(!exists(CHOS_FARM "/new"));
  refuse("link twice\ndir twice\n", EEXIST);
  CHECK(!exists(CHOS_FARM "/twice"));
  const Fd layout = open_file(CHOS_LAYOUT, O_RDWR);
  AS(kAnna, [&] { CHECK_ERR(put_fd(layout.get(), "dir x\n"), EPERM); });
  CHECK_EQ(sys(lseek(layout.get(), 6, SEEK_SET)), 6);
  CHECK_ERR(put_fd(layout.get(), "dir x\n"), EINVAL);
  CHECK_EQ(names_in(CHOS_FARM).size(), 2u);
}

CHOS_CASE(farm_layout_limits, 20) {
  Node node({.farm = Farm::kNone});
  CHECK_OK(put(CHOS_LAYOUT, "dir " + std::string(CHOS_NAME_MAX, 'n') + "\n"));
  std::string names;
  for (int i = 1; i < CHOS_LAYOUT_MAX; ++i) names += "link n" + std::to_string(i) + "\n";
  refuse(names + "link n64\n", E2BIG);
  CHECK_OK(put(CHOS_LAYOUT, names));
  CHECK_EQ(names_in(CHOS_FARM).size(), static_cast<size_t>(CHOS_LAYOUT_MAX));
  refuse("link more\n", E2BIG);
  CHECK_OK(put(CHOS_LAYOUT, names)); /* all of them are known */
  std::string large;
  while (large.size() <= CHOS_LAYOUT_MAX_BYTES) large += "link n1\n";
  refuse(large, E2BIG);
  large.resize(CHOS_LAYOUT_MAX_BYTES);
  CHECK_OK(put(CHOS_LAYOUT, large));
}

CHOS_CASE(farm_names_appear_at_once, 20) {
  /* Even if a lookup of the name failed before, and for a process that is already inside. */
  Node node;
  Shared<Event> missed, added;
  const pid_t inside = start(kAnna, [&] {
    CHECK_OK(enter("trixie"));
    CHECK_EQ(link_of("/opt"), std::string("!ENOENT"));
    CHECK(!exists("/scratch"));
    missed->add();
    added->wait();
    CHECK_EQ(link_of("/opt"), std::string("os/trixie/opt"));
    CHECK(exists("/scratch"));
    CHECK_OK(enter("sl6"));
    CHECK_EQ(link_of("/opt"), std::string("os/sl6/opt"));
    CHECK_OK(enter("/"));
    CHECK_EQ(link_of("/chos/opt"), std::string("local/opt"));
  });
  missed->wait();
  CHECK(!exists("/chos/opt"));
  CHECK_OK(put(CHOS_LAYOUT, "link opt\ndir scratch\n"));
  CHECK_EQ(link_of("/chos/opt"), std::string("local/opt"));
  added->add();
  FINISH(inside);
  make_dirs("/srv/scratch");
  CHECK_OK(bind_mount("/srv/scratch", "/chos/scratch"));
  make_file("/srv/scratch/file", "shared");
  AS(kAnna, [] {
    CHECK_OK(enter("trixie"));
    CHECK_EQ(get("/scratch/file"), std::string("shared"));
  });
}

CHOS_CASE(farm_layout_outlives_its_mounts, 20) {
  Node node;
  const std::string layout = get(CHOS_LAYOUT);
  const std::string list = get(CHOS_VALID);
  CHECK_OK(umount_lazily("/chos"));
  CHECK_OK(umount_lazily(CHOS_MOUNT));
  CHECK_OK(mount_fs(CHOS_FS_TYPE, CHOS_MOUNT));
  CHECK_EQ(get(CHOS_LAYOUT), layout);
  CHECK_EQ(get(CHOS_VALID), list);
  CHECK_OK(bind_mount(CHOS_FARM, "/chos"));
  CHECK_OK(set_mount("/chos", MS_PRIVATE));
  mount_shared("/chos");
  check_a_visit();
}

CHOS_CASE(farm_seen_from_the_base, 20) {
  Node node;
  AS(kAnna, [] {
    CHECK_EQ(link_of("/chos/usr"), std::string("local/usr"));
    CHECK_EQ(get("/chos/usr/id"), std::string("base"));
    CHECK_EQ(get("/chos/os/trixie/usr/id"), std::string("trixie"));
    CHECK_EQ(working_directory(), std::string("/"));
  });
  struct statfs fs;
  CHECK_OK(sys(statfs("/chos", &fs)));
  CHECK_EQ(static_cast<unsigned long>(fs.f_type), static_cast<unsigned long>(CHOS_FS_MAGIC));
  AS(kAnna, [] {
    /* The root directory in an OS has exactly the names of the farm. */
    CHECK_OK(enter("trixie"));
    const auto names = names_in("/");
    for (const char* name :
         {"bin", "sbin", "usr", "etc", "lib", "lib64", "proc", "dev", "tmp", "home", "local", "os"}) {
      CHECK_SAY(std::find(names.begin(), names.end(), name) != names.end(), name);
    }
    CHECK_EQ(names.size(), 12u);
    CHECK(mkdir("/new", 0755) < 0);
    CHECK(open("/new", O_CREAT | O_WRONLY, 0644) < 0);
    CHECK(unlink("/usr") < 0);
  });
}

CHOS_CASE(farm_walk_stays_in_rcu, 20) {
  /* With RESOLVE_CACHED, a walk fails where it would have to leave RCU mode. */
  Node node;
  AS(kAnna, [] {
    CHECK_OK(enter("trixie"));
    get("/usr/id"); /* fills the dentry cache */
    open_how how{};
    how.flags = O_RDONLY | O_CLOEXEC;
    how.resolve = RESOLVE_CACHED;
    const long fd = sys(syscall(SYS_openat2, AT_FDCWD, "/usr/id", &how, sizeof how));
    if (fd == -EINVAL) skip("this kernel has no RESOLVE_CACHED");
    CHECK_OK(fd);
    char text[16] = {};
    CHECK_OK(sys(read(static_cast<int>(fd), text, sizeof text - 1)));
    CHECK_EQ(std::string(text), std::string("trixie"));
    how.resolve = RESOLVE_NO_SYMLINKS; /* the links of the farm count as symbolic links */
    CHECK_ERR(sys(syscall(SYS_openat2, AT_FDCWD, "/usr/id", &how, sizeof how)), ELOOP);
  });
}

CHOS_CASE(farm_at_another_path, 20) {
  Node node({.path = "/srv/farm"});
  CHECK_EQ(get("/sys/module/chos/parameters/farm"), std::string("/srv/farm\n"));
  check_a_visit();
}

CHOS_CASE(farm_made_by_hand, 20) {
  /* As in CHOS of 2004: a plain directory with links through /proc/chos/link. */
  Node node({.farm = Farm::kHandMade, .path = "/srv/byhand"});
  AS(kAnna, [] {
    CHECK_EQ(link_of("/srv/byhand/usr"), std::string("/proc/chos/link/usr"));
    CHECK_EQ(get("/srv/byhand/usr/id"), std::string("base"));
    CHECK_OK(enter("trixie"));
    CHECK_EQ(link_of("/usr"), std::string("/proc/chos/link/usr"));
  });
  check_a_visit();
  AS(kAnna, [] {
    CHECK_OK(sys(chdir("/var/lib")));
    CHECK_OK(enter("sl6"));
    CHECK_EQ(working_directory(), std::string("/"));
    CHECK_OK(sys(chdir("/home/1000")));
    CHECK_OK(enter("/"));
    CHECK_EQ(working_directory(), std::string("/srv/byhand/home/1000"));
  });
  /* It is accepted as a farm only while nobody but root can change it. */
  CHECK_OK(sys(chmod("/srv/byhand", 0777)));
  AS(kAnna, [] { CHECK_ERR(enter("trixie"), EXDEV); });
  CHECK_OK(sys(chmod("/srv/byhand", 0755)));
  CHECK_OK(sys(chown("/srv/byhand", 1000, 0)));
  AS(kAnna, [] { CHECK_ERR(enter("trixie"), EXDEV); });
  CHECK_OK(sys(chown("/srv/byhand", 0, 0)));
  AS(kAnna, [] { CHECK_OK(enter("trixie")); });
}

CHOS_CASE(farm_on_a_read_only_root, 20) {
  make_dirs("/chos");
  struct ReadOnly {
    ReadOnly() { CHECK_OK(set_mount("/", MS_REMOUNT | MS_BIND | MS_RDONLY)); }
    ~ReadOnly() {
      if (set_mount("/", MS_REMOUNT | MS_BIND) < 0) mark_failed("/ stays read-only");
    }
  };
  for (const char* name : {"trixie", "sl6", "alma9"}) make_tree(name);
  make_dirs("/srv/home");
  CHECK_OK(mount_fs("tmpfs", "/home", 0, "mode=755"));
  make_dirs("/home/1000");
  CHECK_OK(sys(chown("/home/1000", 1000, 1000)));
  {
    const ReadOnly root;
    CHECK(open("/new", O_CREAT | O_WRONLY, 0644) < 0);
    CHECK_OK(load_module(""));
    CHECK_OK(put(CHOS_LAYOUT,
                 "link usr\nlink etc\nlink bin\ndir proc\ndir dev\ndir tmp\ndir home\n"
                 "dir local\ndir os\n"));
    CHECK_OK(bind_mount(CHOS_FARM, "/chos"));
    CHECK_OK(set_mount("/chos", MS_PRIVATE));
    mount_shared("/chos");
    CHECK_OK(allow(kList));
    check_a_visit();
    CHECK_EQ(clean_up("/chos"), std::string());
  }
  CHECK_OK(umount_lazily("/home"));
}

}  // namespace chos::guest
