/* SPDX-License-Identifier: BSD-3-Clause */
/* Mount and user namespaces: a clone of the base works; a namespace with a made-up farm does not. */
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "node.h"

namespace chos::guest {
namespace {

/* Runs code as root in a private mount namespace, from which no mount propagates back. */
void in_namespace(const std::function<void()>& code) {
  AS(kRoot, [&] {
    CHECK_OK(sys(unshare(CLONE_NEWNS)));
    CHECK_OK(set_mount("/", MS_PRIVATE | MS_REC));
    code();
  });
}

void refused(int error) {
  for (const Who& who : {kAnna, kRoot}) {
    AS(who, [error] {
      CHECK_ERR(enter("trixie"), error);
      CHECK_ERR(enter("/os/trixie"), error);
      CHECK_EQ(link_of(CHOS_LINK), std::string("/"));
      CHECK_EQ(get("/usr/id"), std::string("base"));
      CHECK_OK(enter("/")); /* it is already in the base */
    });
  }
}

void allow_user_namespaces() { put("/proc/sys/kernel/unprivileged_userns_clone", "1"); }

}  // namespace

CHOS_CASE(namespace_clone_of_the_base, 30) {
  Node node;
  in_namespace([] {
    /* A file that only this namespace has shows to which root a process returns. */
    CHECK_OK(mount_fs("tmpfs", "/srv"));
    make_file("/srv/here", "here");
    AS(kAnna, [] {
      CHECK_OK(enter("trixie"));
      CHECK_VIEW("trixie");
      CHECK_OK(enter("sl6"));
      CHECK_VIEW("sl6");
      CHECK_OK(enter("/"));
      CHECK_VIEW("/");
      CHECK_EQ(get("/srv/here"), std::string("here"));
    });
  });
  /* The namespace is cloned by a process in an OS. */
  AS(kRoot, [] {
    CHECK_OK(enter("trixie"));
    CHECK_OK(sys(unshare(CLONE_NEWNS)));
    CHECK_VIEW("trixie");
    AS(kAnna, [] {
      CHECK_OK(enter("sl6"));
      CHECK_VIEW("sl6");
      CHECK_OK(enter("/"));
      CHECK_VIEW("/");
      CHECK_OK(enter("trixie"));
      CHECK_VIEW("trixie");
    });
  });
}

CHOS_CASE(namespace_without_a_farm, 30) {
  Node node;
  in_namespace([] {
    CHECK_OK(umount_lazily("/chos")); /* leaves an empty directory */
    refused(EXDEV);
  });
  in_namespace([] {
    /* The root of this namespace is an empty file system without that directory. */
    make_dirs("/srv/fresh");
    CHECK_OK(mount_fs("tmpfs", "/srv/fresh", 0, "mode=755"));
    make_dirs("/srv/fresh/proc");
    make_dirs("/srv/fresh/usr");
    make_dirs("/srv/fresh/old");
    make_file("/srv/fresh/usr/id", "base");
    CHECK_OK(bind_mount("/proc", "/srv/fresh/proc", MS_REC));
    CHECK_OK(sys(chdir("/srv/fresh")));
    CHECK_OK(sys(syscall(SYS_pivot_root, ".", "old")));
    CHECK_OK(sys(chroot(".")));
    CHECK_OK(sys(chdir("/")));
    CHECK_OK(umount_lazily("/old"));
    refused(ENOENT);
    make_file("/chos", "a file");
    refused(ENOTDIR);
  });
}

CHOS_CASE(namespace_with_a_farm_of_its_own_making, 30) {
  Node node;
  /* A user who may write the directory could choose the files that setuid programs read there. */
  struct Made {
    const char* what;
    uid_t owner;
    mode_t mode;
    bool chosfs;
  };
  const Made made[] = {
      {"a user's", 1000, 0755, true},     {"for all to write", 0, 0777, true},
      {"sticky", 0, 01777, true},         {"for a group to write", 0, 0775, true},
      {"without chosfs", 0, 0755, false}, {"a user's without chosfs", 1000, 0755, false},
  };
  for (const Made& one : made) {
    in_namespace([&] {
      note(std::string("farm: ") + one.what);
      CHECK_OK(umount_lazily("/chos"));
      CHECK_OK(mount_fs("tmpfs", "/chos", 0, "mode=755"));
      make_dirs("/chos/proc/chos");
      make_dirs("/chos/os/trixie/usr");
      make_file("/chos/os/trixie/usr/id", "trixie");
      if (one.chosfs) CHECK_OK(bind_mount(CHOS_MOUNT, "/chos/proc/chos"));
      CHECK_OK(sys(chown("/chos", one.owner, 0)));
      CHECK_OK(sys(chmod("/chos", one.mode)));
      refused(EXDEV);
    });
  }
  in_namespace([] {
    /* At proc/chos there is another file system, or a part of chosfs other than its root. */
    CHECK_OK(umount_lazily("/chos"));
    CHECK_OK(mount_fs("tmpfs", "/chos", 0, "mode=755"));
    make_dirs("/chos/proc/chos");
    make_dirs("/chos/os/trixie");
    CHECK_OK(mount_fs("proc", "/chos/proc/chos"));
    refused(EXDEV);
    CHECK_OK(umount_lazily("/chos/proc/chos"));
    CHECK_OK(bind_mount(CHOS_FARM, "/chos/proc/chos"));
    refused(EXDEV);
    CHECK_OK(umount_lazily("/chos/proc/chos"));
    CHECK_OK(sys(rmdir("/chos/proc/chos")));
    make_link("/proc/chos", "/chos/proc/chos"); /* leads out of the directory */
    refused(EXDEV);
  });
  in_namespace([] {
    /* The root itself is bound to the farm's path. */
    CHECK_OK(umount_lazily("/chos"));
    CHECK_OK(bind_mount("/", "/chos"));
    refused(EXDEV);
  });
  in_namespace([] {
    /* The root of chosfs, not its farm, is bound to the farm's path. */
    CHECK_OK(umount_lazily("/chos"));
    CHECK_OK(bind_mount(CHOS_MOUNT, "/chos"));
    refused(EXDEV);
  });
}

CHOS_CASE(namespace_user, 30) {
  Node node;
  allow_user_namespaces();
  AS(kAnna, [] {
    CHECK_OK(sys(unshare(CLONE_NEWUSER)));
    CHECK_ERR(enter("trixie"), EXDEV);
    CHECK_ERR(enter("/"), EXDEV);
    CHECK_VIEW("/");
  });
  AS(kAnna, [] {
    /* As root of that namespace, with mounts that the user made. */
    CHECK_OK(sys(unshare(CLONE_NEWUSER | CLONE_NEWNS)));
    CHECK_OK(put("/proc/self/setgroups", "deny"));
    CHECK_OK(put("/proc/self/uid_map", "0 1000 1"));
    CHECK_OK(put("/proc/self/gid_map", "0 1000 1"));
    CHECK_EQ(getuid(), 0u);
    CHECK_ERR(enter("trixie"), EXDEV);
    CHECK_OK(mount_fs("tmpfs", "/srv"));
    CHECK_OK(mount_fs("tmpfs", "/chos"));
    make_dirs("/chos/proc/chos");
    make_dirs("/chos/os/trixie");
    CHECK_OK(bind_mount(CHOS_MOUNT, "/chos/proc/chos"));
    CHECK_ERR(enter("trixie"), EXDEV);
    CHECK_ERR(open_file(CHOS_VALID, O_WRONLY).get(), EACCES);
    CHECK_ERR(open_file(CHOS_LAYOUT, O_WRONLY).get(), EACCES);
    CHECK_ERR(mount_fs(CHOS_FS_TYPE, "/srv"), EPERM);
    CHECK_EQ(get(CHOS_SETCHOS), std::string("/\n"));
  });
  AS(kRoot, [] {
    /* Root of the first namespace, in a user namespace that maps uid 0 to uid 0. */
    const Fd valid = open_file(CHOS_VALID, O_WRONLY);
    const Fd layout = open_file(CHOS_LAYOUT, O_WRONLY);
    const std::string before = get(CHOS_VALID);
    CHECK_OK(sys(unshare(CLONE_NEWUSER)));
    CHECK_OK(put("/proc/self/setgroups", "deny"));
    CHECK_OK(put("/proc/self/uid_map", "0 0 1"));
    CHECK_OK(put("/proc/self/gid_map", "0 0 1"));
    CHECK_ERR(enter("trixie"), EXDEV);
    CHECK_ERR(put_fd(valid.get(), "a:/b\n"), EPERM);
    CHECK_ERR(put_fd(layout.get(), "dir evil\n"), EPERM);
    CHECK_ERR(allow("a:/b\n"), EPERM);
    CHECK_EQ(get(CHOS_VALID), before);
  });
}

CHOS_CASE(namespace_setns_back, 30) {
  /* setns(2) gives the process the root of the namespace; the table still has it in an OS. */
  Node node;
  AS(kRoot, [] {
    const Fd own = open_file("/proc/self/ns/mnt", O_RDONLY);
    CHECK_OK(enter("trixie"));
    CHECK_OK(sys(setns(own.get(), CLONE_NEWNS)));
    CHECK_EQ(get("/usr/id"), std::string("base"));
    CHECK_OK(enter("sl6")); /* from the base root, as any process there */
    CHECK_VIEW("sl6");
    CHECK_OK(sys(setns(own.get(), CLONE_NEWNS)));
    CHECK_OK(enter("sl6")); /* the table has it there, but its root is not the farm: it enters again */
    CHECK_VIEW("sl6");
    CHECK_OK(sys(setns(own.get(), CLONE_NEWNS)));
    CHECK_OK(enter("/"));
    CHECK_VIEW("/");
  });
}

}  // namespace chos::guest
