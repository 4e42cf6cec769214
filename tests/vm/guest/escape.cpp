/* SPDX-License-Identifier: BSD-3-Clause */
/* setchos is no way out of a chroot jail, or into another process's root directory. */
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include "node.h"

namespace chos::guest {
namespace {

constexpr const char* kJail = "/srv/jail";

/* A jail with the node's /proc in it, as careless admins and build tools make it. */
void make_jail() {
  make_dirs(std::string(kJail) + "/proc");
  make_dirs(std::string(kJail) + "/etc");
  make_file(std::string(kJail) + "/jail", "jail");
  CHECK_OK(bind_mount("/proc", std::string(kJail) + "/proc", MS_REC));
  CHECK_OK(set_mount(std::string(kJail) + "/proc", MS_SLAVE | MS_REC));
}

class Jail {
 public:
  Jail() { make_jail(); }
  ~Jail() {
    umount_lazily(std::string(kJail) + "/proc");
    umount_lazily(kJail);
  }
};

struct Root {
  dev_t device;
  ino_t inode;
};

Root root_now() {
  struct stat info;
  CHECK_OK(sys(stat("/", &info)));
  return {info.st_dev, info.st_ino};
}

/* Checks that no write to setchos changes the caller's root directory. */
void cannot_move(int error = EXDEV) {
  const Root before = root_now();
  const std::string os = get(CHOS_SETCHOS);
  const std::string linked = link_of(CHOS_LINK);
  for (const char* word : {"trixie", "/os/trixie", "sl6", "/", "base", "/", "trixie\n"}) {
    CHECK_SAY(enter(word) == -error, std::string(word) + " gave " + show_result(enter(word)));
    const Root after = root_now();
    CHECK_EQ(after.device, before.device);
    CHECK_EQ(after.inode, before.inode);
    CHECK_EQ(get(CHOS_SETCHOS), os);
    CHECK_EQ(link_of(CHOS_LINK), linked);
  }
}

/* The same after chroot(2) to `root`, by root and by a user. */
void cannot_move_from(const std::string& root) {
  for (const Who& who : {kRoot, kAnna}) {
    AS(kRoot, [&] {
      CHECK_OK(sys(chroot(root.c_str())));
      CHECK_OK(sys(chdir("/")));
      AS(who, [] { cannot_move(); });
    });
  }
}

}  // namespace

CHOS_CASE(escape_from_a_chroot, 30) {
  Node node;
  const Jail jail;
  cannot_move_from(kJail);
  /* With an open directory, and then the working directory, outside the jail. */
  AS(kRoot, [] {
    const Fd outside = open_file("/", O_RDONLY | O_DIRECTORY);
    CHECK_OK(sys(chroot(kJail)));
    become(kAnna);
    cannot_move();
    CHECK_OK(sys(fchdir(outside.get())));
    cannot_move();
  });
}

CHOS_CASE(escape_from_a_chroot_that_is_a_mount, 30) {
  /* The jail is the root of a mount, but not of the namespace. */
  Node node;
  make_dirs(kJail);
  CHECK_OK(mount_fs("tmpfs", kJail, 0, "mode=755"));
  {
    const Jail jail;
    cannot_move_from(kJail);
  }
  /* The jail is the same directory as the base root, in another mount. */
  make_dirs("/srv/base");
  CHECK_OK(bind_mount("/", "/srv/base", MS_REC));
  CHECK_OK(set_mount("/srv/base", MS_SLAVE | MS_REC));
  cannot_move_from("/srv/base");
  CHECK_OK(umount_lazily("/srv/base"));
}

CHOS_CASE(escape_from_a_chroot_with_a_farm_in_it, 30) {
  /* The jail has something at /chos that looks like a farm. */
  Node node;
  const Jail jail;
  const std::string inner = std::string(kJail) + "/chos";
  make_dirs(inner);
  CHECK_OK(bind_mount(CHOS_FARM, inner));
  cannot_move_from(kJail);
  CHECK_OK(umount_lazily(inner));
  make_dirs(inner + "/proc/chos");
  make_dirs(inner + "/os/trixie");
  CHECK_OK(bind_mount(CHOS_MOUNT, inner + "/proc/chos"));
  cannot_move_from(kJail);
  CHECK_OK(umount_lazily(inner + "/proc/chos"));
}

CHOS_CASE(escape_through_a_second_farm, 30) {
  /* A jailed root makes the farm in its /proc its root directory, and tries to leave from there. */
  Node node;
  const Jail jail;
  AS(kRoot, [] {
    CHECK_OK(sys(chroot(kJail)));
    const Fd set = open_file(CHOS_SETCHOS, O_RDWR); /* before the chroot: that farm has no /proc */
    CHECK_OK(sys(chroot(CHOS_FARM)));
    CHECK_OK(sys(chdir("/")));
    const Root before = root_now();
    for (const char* word : {"/", "base"}) {
      CHECK_ERR(sys(pwrite(set.get(), word, strlen(word), 0)), EXDEV);
    }
    const long result = sys(pwrite(set.get(), "trixie", 6, 0));
    CHECK_SAY(result < 0, "entered an OS that is not below this farm");
    const Root after = root_now();
    CHECK_EQ(after.device, before.device);
    CHECK_EQ(after.inode, before.inode);
    char name[16] = {};
    CHECK_OK(sys(pread(set.get(), name, sizeof name - 1, 0)));
    CHECK_EQ(std::string(name), std::string("/\n"));
  });
}

CHOS_CASE(escape_from_a_chroot_inside_an_os, 30) {
  /* A process that was jailed inside an OS stays in the jail. */
  Node node;
  const std::string inner = std::string(kTrees) + "/trixie/srv/jail";
  make_dirs(inner + "/proc");
  CHECK_OK(bind_mount("/proc", std::string(node.farm()) + "/os/trixie/srv/jail/proc", MS_REC));
  for (const Who& who : {kRoot, kAnna}) {
    AS(kRoot, [&] {
      CHECK_OK(enter("trixie"));
      CHECK_OK(sys(chroot("/os/trixie/srv/jail")));
      CHECK_OK(sys(chdir("/")));
      AS(who, [] {
        const Root before = root_now();
        CHECK_ERR(enter("/"), EXDEV);
        CHECK_ERR(enter("sl6"), EXDEV);
        CHECK_ERR(enter("base"), EXDEV);
        enter("trixie"); /* its own OS: this may succeed, but must not move it */
        const Root after = root_now();
        CHECK_EQ(after.device, before.device);
        CHECK_EQ(after.inode, before.inode);
        CHECK_EQ(get(CHOS_SETCHOS), std::string("trixie\n"));
      });
    });
  }
}

CHOS_CASE(escape_from_the_base_seen_through_the_farm, 30) {
  /* A chroot from inside an OS to /local, which is the base root in another mount. */
  Node node;
  AS(kRoot, [] {
    CHECK_OK(enter("trixie"));
    CHECK_OK(sys(chroot("/local")));
    CHECK_OK(sys(chdir("/")));
    CHECK_OK(mount_fs("proc", "/proc"));
    const Root before = root_now();
    for (const char* word : {"/", "sl6", "base"}) {
      const Fd set = open_file(CHOS_SETCHOS, O_WRONLY);
      /* There is no chosfs in this new procfs mount.  The next block writes through an open file. */
      if (set) CHECK_ERR(put_fd(set.get(), word), EXDEV);
    }
    CHECK_EQ(root_now().inode, before.inode);
    CHECK_OK(umount_lazily("/proc"));
  });
  AS(kRoot, [] {
    const Fd set = open_file(CHOS_SETCHOS, O_WRONLY);
    CHECK_OK(enter("trixie"));
    CHECK_OK(sys(chroot("/local")));
    CHECK_ERR(sys(pwrite(set.get(), "/", 1, 0)), EXDEV);
    CHECK_ERR(sys(pwrite(set.get(), "sl6", 3, 0)), EXDEV);
  });
}

CHOS_CASE(escape_after_the_farm_is_detached, 30) {
  /* The farm is unmounted lazily while a process is in an OS: it has no base root to return to. */
  Node node;
  Shared<Event> entered, gone;
  const pid_t inside = start(kAnna, [&] {
    const Fd set = open_file(CHOS_SETCHOS, O_RDWR);
    CHECK_OK(enter("trixie"));
    entered->add();
    gone->wait();
    const Root before = root_now();
    CHECK_ERR(sys(pwrite(set.get(), "/", 1, 0)), EXDEV);
    CHECK_ERR(sys(pwrite(set.get(), "base", 4, 0)), EXDEV);
    char name[16] = {};
    CHECK_OK(sys(pread(set.get(), name, sizeof name - 1, 0)));
    CHECK_EQ(std::string(name), std::string("trixie\n"));
    CHECK_EQ(root_now().inode, before.inode);
  });
  entered->wait();
  CHECK_OK(umount_lazily(node.farm()));
  gone->add();
  FINISH(inside);
}

}  // namespace chos::guest
