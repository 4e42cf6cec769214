/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Privileged processes that write a user's text to a file that the user names, after they have
 * lowered their privileges for a while: write(2) to setchos does not move them.  Programs that mean
 * to switch use the ioctl.
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <thread>

#include "node.h"

namespace chos::guest {
namespace {

constexpr gid_t kGroup = 4711;

/* Programs of the base OS that give rights to their users. */
struct Raised {
  Raised() {
    for (const char* name : {"root", "group", "caps"}) make_dirs(std::string("/usr/bin/") + name);
    install_probe("/usr/bin/root/probe", 0, 0, 04755);
    install_probe("/usr/bin/group/probe", 0, kGroup, 02755);
    install_probe("/usr/bin/caps/probe", 0, 0, 0755);
    vfs_cap_data data{};
    data.magic_etc = VFS_CAP_REVISION_2;
    data.data[0].permitted = 1u << CAP_NET_RAW; /* not effective until the program asks for it */
    CHECK_OK(sys(setxattr("/usr/bin/caps/probe", "security.capability", &data, XATTR_CAPS_SZ_2, 0)));
  }
  ~Raised() {
    for (const char* name : {"root", "group", "caps"}) {
      unlink((std::string("/usr/bin/") + name + "/probe").c_str());
    }
  }
};

/* Whether a write moves a process of root's that has done `lower`.  Returns 0 or -errno. */
void check_root_after(const char* what, const std::function<void()>& lower) {
  note(what);
  AS(kRoot, [&] {
    lower();
    for (const char* word : {"trixie", "/os/sl6\n", "/"}) CHECK_ERR(enter(word), EPERM);
    CHECK_EQ(link_of(CHOS_LINK), std::string("/"));
    CHECK_OK(switch_to("trixie"));
    CHECK_EQ(link_of(CHOS_LINK), std::string("/os/trixie"));
    CHECK_ERR(enter("/"), EPERM);
    CHECK_OK(switch_to("/"));
    CHECK_EQ(link_of(CHOS_LINK), std::string("/"));
  });
}

/* Sets the capabilities of the calling thread; 0 for all of the permitted ones. */
void drop_effective_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  CHECK_OK(sys(syscall(SYS_capget, &header, data)));
  data[0].effective = data[1].effective = 0;
  CHECK_OK(sys(syscall(SYS_capset, &header, data)));
}

/* The IDs of this thread alone, which libc would change in all threads. */
void become_in_thread(uid_t uid, gid_t gid) {
  CHECK_OK(sys(syscall(SYS_setresgid, gid, gid, gid)));
  CHECK_OK(sys(syscall(SYS_setresuid, uid, uid, uid)));
}

}  // namespace

CHOS_CASE(deputy_program_that_lowers_its_privileges, 20) {
  Node node;
  const Raised raised;
  const long refused = counter("refused_EPERM");
  AS(kAnna, [] {
    for (const char* program : {"root", "group", "caps"}) {
      const std::string path = std::string("/usr/bin/") + program + "/probe";
      note(path);
      CHECK_EQ(run_program({path, "lowered", CHOS_SETCHOS, "trixie"}), EPERM << 8);
      CHECK_EQ(run_program({path, "lowered", CHOS_SETCHOS, "/"}), EPERM << 8);
      /* The user opens the file, and redirects the output of the program there. */
      CHECK_EQ(run_program({path, "lowered", "/dev/null", "trixie"},
                           [] { CHECK_OK(dup2(open_file(CHOS_SETCHOS, O_WRONLY).get(), 1)); }),
               EPERM << 8);
    }
    /* The same program without rights of its own moves itself. */
    CHECK_EQ(run_program({"/usr/bin/probe", "lowered", CHOS_SETCHOS, "trixie"}), 0);
  });
  CHECK_EQ(counter("refused_EPERM"), refused + 9);
}

CHOS_CASE(deputy_setuid_program_that_checks_access, 20) {
  /* It asks access(2), which looks at the real UID, and then writes with its own rights. */
  Node node;
  const Raised raised;
  AS(kAnna, [] {
    CHECK_OK(sys(access(CHOS_SETCHOS, W_OK)));
    for (const char* program : {"root", "group"}) {
      const std::string path = std::string("/usr/bin/") + program + "/probe";
      CHECK_EQ(run_program({path, "put", CHOS_SETCHOS, "trixie"}), EPERM << 8);
    }
    /* pam_chos.so in su has these IDs, and means to switch. */
    CHECK_EQ(run_program({"/usr/bin/root/probe", "switch", "trixie"}), 0);
  });
}

CHOS_CASE(deputy_daemon_that_lowers_its_privileges, 20) {
  Node node;
  check_root_after("effective uid", [] { CHECK_OK(sys(seteuid(kAnna.uid))); });
  check_root_after("effective gid", [] { CHECK_OK(sys(setegid(kAnna.gid))); });
  check_root_after("real uid", [] { CHECK_OK(sys(setresuid(kAnna.uid, 0, 0))); });
  check_root_after("saved uid", [] { CHECK_OK(sys(setresuid(kAnna.uid, kAnna.uid, 0))); });
  check_root_after("saved gid", [] { CHECK_OK(sys(setresgid(kAnna.gid, kAnna.gid, 0))); });
  check_root_after("file system uid", [] { setfsuid(kAnna.uid); });
  check_root_after("file system gid", [] { setfsgid(kAnna.gid); });
  check_root_after("effective capabilities", drop_effective_capabilities);
  check_root_after("capabilities kept by another user", [] {
    CHECK_OK(sys(prctl(PR_SET_KEEPCAPS, 1)));
    CHECK_OK(sys(setresuid(kAnna.uid, kAnna.uid, kAnna.uid)));
  });
  check_root_after("slurmstepd", [] {
    CHECK_OK(sys(setegid(kAnna.gid)));
    CHECK_OK(sys(setresuid(0, kAnna.uid, 0)));
  });
}

CHOS_CASE(deputy_thread_that_is_another_user, 20) {
  /* A server whose threads act for its users: one thread would move all of them. */
  Node node;
  AS(kRoot, [] {
    std::thread(checked([] {
      become_in_thread(kAnna.uid, kAnna.gid);
      CHECK_ERR(enter("trixie"), EPERM);
      CHECK_VIEW("/");
    })).join();
    std::thread(checked([] {
      drop_effective_capabilities();
      CHECK_ERR(enter("trixie"), EPERM);
      CHECK_VIEW("/");
    })).join();
  });
  AS(kRoot, [] {
    Event lowered, end;
    std::thread other(checked([&] {
      become_in_thread(kAnna.uid, kAnna.gid);
      lowered.add();
      end.wait();
    }));
    lowered.wait();
    CHECK_ERR(enter("trixie"), EPERM); /* by the thread that is root */
    CHECK_OK(switch_to("trixie"));
    CHECK_VIEW("trixie");
    end.add();
    other.join();
  });
}

CHOS_CASE(deputy_that_gave_up_its_privileges, 20) {
  /* It has one identity, whatever it was before, so it switches by a plain write. */
  Node node;
  for (const Who& who : {kRoot, kAnna, Who{0, 1000, {}}, Who{1000, 0, {0, 4711}}}) {
    AS(who, [] {
      for (const char* word : {"trixie", "sl6", "/"}) {
        CHECK_OK(enter(word));
        CHECK_VIEW(word);
      }
      std::thread(checked([] { CHECK_OK(enter("alma9")); })).join();
      CHECK_VIEW("alma9");
    });
  }
  AS(kRoot, [] {
    /* It keeps one capability and uses it. */
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2]{};
    data[0].effective = data[0].permitted = 1u << CAP_KILL;
    CHECK_OK(sys(syscall(SYS_capset, &header, data)));
    CHECK_OK(enter("trixie"));
    CHECK_VIEW("trixie");
  });
}

CHOS_CASE(ioctl_of_setchos, 20) {
  Node node;
  AS(kAnna, [] {
    const Fd file = open_file(CHOS_SETCHOS, O_RDWR);
    const auto call = [&](unsigned long command, const void* argument) {
      return sys(syscall(SYS_ioctl, file.get(), command, argument));
    };
    for (const char* name : {"trixie", "/os/sl6", "base", "alma9", "/"}) CHECK_OK(switch_to(name));
    CHECK_OK(switch_to("trixie"));
    const long invalid = counter("refused_EINVAL"), too_long = counter("refused_ENAMETOOLONG");
    const std::string texts[] = {"", "\n", "sl6\n", "s\x7f"};
    for (const auto& text : texts) CHECK_ERR(switch_to(text), EINVAL);
    chos_switch request;
    memset(request.os, 'x', sizeof request.os); /* no NUL */
    CHECK_ERR(call(CHOS_SWITCH, &request), ENAMETOOLONG);
    CHECK_EQ(counter("refused_EINVAL"), invalid + 4);
    CHECK_EQ(counter("refused_ENAMETOOLONG"), too_long + 1);
    CHECK_ERR(switch_to("nope"), ENOENT);
    CHECK_ERR(switch_to("trixie "), ENOENT);
    CHECK_ERR(call(CHOS_SWITCH, nullptr), EFAULT);
    CHECK_ERR(call(CHOS_SWITCH, reinterpret_cast<void*>(-1L)), EFAULT);
    const unsigned long others[] = {_IO(0xc5, 1),
                                    _IOR(0xc5, 1, chos_switch),
                                    _IOW(0xc5, 2, chos_switch),
                                    _IOW(0xc5, 1, char[255]),
                                    _IOW(0xc5, 1, char[257]),
                                    0x5401};
    for (const unsigned long command : others) {
      CHECK_ERR(call(command, &request), ENOTTY);
    }
    CHECK_VIEW("trixie");
    /* What follows the NUL does not count. */
    memcpy(request.os, "sl6", 4);
    CHECK_OK(call(CHOS_SWITCH, &request));
    CHECK_VIEW("sl6");
  });
  AS(kAnna, [] {
    /* As a program of 32 bits calls it. */
    constexpr int kIoctlOf32Bits = 54;
    const Fd file = open_file(CHOS_SETCHOS, O_WRONLY);
    void* low = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    CHECK(low != MAP_FAILED);
    strcpy(static_cast<chos_switch*>(low)->os, "sl6");
    int result;
    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "a"(kIoctlOf32Bits), "b"(file.get()), "c"(CHOS_SWITCH), "d"(low)
                     : "r8", "r9", "r10", "r11", "memory");
    CHECK_OK(result);
    CHECK_VIEW("sl6");
  });
  /* The opener needs the rights of the caller, as with write(2). */
  const Fd by_root = open_file(CHOS_SETCHOS, O_WRONLY);
  AS(kAnna, [&] {
    CHECK_ERR(switch_fd(by_root.get(), "trixie"), EPERM);
    CHECK_VIEW("/");
  });
}

}  // namespace chos::guest
