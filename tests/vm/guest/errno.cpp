/* SPDX-License-Identifier: BSD-3-Clause */
/* Every errno of setchos: a refused write is counted, logged, and changes nothing. */
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "node.h"

namespace chos::guest {
namespace {

/* Checks that the write is refused with that error and counted under the error's name. */
void refuse(std::string_view text, int error) {
  const std::string key = std::string("refused_") + strerrorname_np(error);
  const std::string before = view();
  const long counted = counter(key);
  const int result = enter(text);
  CHECK_SAY(result == -error, show(text) + " gave " + show_result(result));
  CHECK_EQ(view(), before);
  CHECK_EQ(counter(key), counted + 1);
}

/* The same from the base and from inside an OS. */
void refuse_everywhere(const std::vector<std::string>& texts, int error) {
  AS(kAnna, [&] {
    for (const auto& text : texts) refuse(text, error);
    CHECK_OK(enter("alma9"));
    for (const auto& text : texts) refuse(text, error);
    CHECK_VIEW("alma9");
  });
}

}  // namespace

CHOS_CASE(errno_einval, 20) {
  Node node;
  std::vector<std::string> texts = {"",
                                    "\n",
                                    "\n\n",
                                    "trixie\n\n",
                                    "\ntrixie",
                                    "tri\nxie",
                                    std::string("trixie\0", 7),
                                    std::string("\0", 1),
                                    std::string("\0trixie", 7),
                                    std::string("trixie\n\0", 8),
                                    "trixie\x7f",
                                    "trixie\r\n"};
  for (char c = 1; c < ' '; ++c) texts.push_back(std::string("trixie") + c + "x");
  refuse_everywhere(texts, EINVAL);
}

CHOS_CASE(errno_enametoolong, 20) {
  Node node;
  const std::string longer(CHOS_PATH_MAX + 1, 'x');
  refuse_everywhere({longer, longer + "\n", longer + "x", std::string(4095, 'x'), std::string(4096, 'x'),
                     std::string(70000, '/')},
                    ENAMETOOLONG);
}

CHOS_CASE(errno_enoent, 20) {
  Node node;
  refuse_everywhere({"nope",
                     "trixi",
                     "trixiee",
                     "trixie ",
                     " trixie",
                     "Trixie",
                     "TRIXIE",
                     "os/trixie",
                     "/os/trixie/",
                     "//os/trixie",
                     "/os//trixie",
                     "/os/./trixie",
                     "/os/sl6/../trixie",
                     "/os",
                     "/os/",
                     "//",
                     "/.",
                     "..",
                     ".",
                     "/chos/os/trixie",
                     "/var/lib/chos/os/trixie",
                     "trixie:/os/trixie",
                     "default",
                     "*",
                     "%s%n",
                     "\xff\xfe",
                     std::string(CHOS_PATH_MAX, 'x'),
                     std::string(CHOS_NAME_MAX + 1, 'x')},
                    ENOENT);
}

CHOS_CASE(errno_tree_is_missing, 20) {
  Node node;
  const std::string trees = kTrees;
  make_file(trees + "/file", "not a directory");
  make_link("nowhere", trees + "/dangling");
  CHECK_OK(
      allow("gone:/os/gone\nfile:/os/file\nbelow:/os/file/x\ndangling:/os/dangling\n"
            "outside:/nowhere/at/all\nalma9:/os/alma9\n"));
  Log log;
  refuse_everywhere({"gone", "/os/gone", "dangling", "outside"}, ENOENT);
  CHECK_SAY(log.wait_for({"chos", "gone", "tree"}), log.text());
  CHECK_SAY(log.wait_for({"chos", "/os/gone"}), log.text());
  refuse_everywhere({"file", "/os/file", "below"}, ENOTDIR);
  unlink((trees + "/file").c_str());
  unlink((trees + "/dangling").c_str());
}

CHOS_CASE(errno_tree_outside_of_the_farm, 20) {
  /* A tree is a link out of the farm: refused or not, the files of the base must not become an OS. */
  Node node;
  const std::string trees = kTrees;
  make_link("/usr", trees + "/out");
  make_link("../../../..", trees + "/up");
  make_link("/os/trixie", trees + "/alias");
  CHECK_OK(allow("out:/os/out\nup:/os/up\nalias:/os/alias\n"));
  for (const char* name : {"out", "up"}) {
    AS(kAnna, [name] {
      if (enter(name) < 0) return;
      CHECK_SAY(!exists("/chos"), std::string(name) + ": the root is the base's");
      CHECK_EQ(get(CHOS_SETCHOS), std::string(name) + "\n");
    });
  }
  AS(kAnna, [] {
    /* A link that stays inside the farm may serve as a tree. */
    if (enter("alias") == 0) CHECK_EQ(get("/usr/id"), std::string("trixie"));
  });
  for (const char* name : {"/out", "/up", "/alias"}) unlink((trees + name).c_str());
}

CHOS_CASE(errno_farm_is_missing, 20) {
  Node node({.farm = Farm::kNone});
  remove_tree("/chos");
  AS(kAnna, [] { refuse("trixie", ENOENT); });
  make_file("/chos", "not a directory");
  AS(kAnna, [] { refuse("trixie", ENOTDIR); });
  CHECK_OK(sys(unlink("/chos")));
  make_dirs("/chos");
  AS(kAnna, [] { refuse("trixie", EXDEV); });
}

CHOS_CASE(errno_eacces, 20) {
  Node node;
  CHECK_OK(
      allow("shut:/os/trixie:closed\nours:/os/sl6:groups=4711\n"
            "both:/os/trixie:groups=1000,closed\nalma9:/os/alma9\n"));
  refuse_everywhere({"shut", "/os/trixie", "ours", "/os/sl6\n", "both"}, EACCES);
}

CHOS_CASE(errno_exdev_ebusy_eperm, 20) {
  Node node;
  AS(kRoot, [] {
    const long exdev = counter("refused_EXDEV");
    make_dirs("/srv/jail/proc");
    CHECK_OK(bind_mount("/proc", "/srv/jail/proc", MS_REC));
    CHECK_OK(set_mount("/srv/jail/proc", MS_SLAVE | MS_REC));
    AS(kRoot, [] {
      CHECK_OK(sys(chroot("/srv/jail")));
      become(kAnna);
      CHECK_ERR(enter("trixie"), EXDEV);
    });
    CHECK_OK(umount_lazily("/srv/jail/proc"));
    CHECK_EQ(counter("refused_EXDEV"), exdev + 1);
  });
  const long eperm = counter("refused_EPERM");
  const Fd by_root = open_file(CHOS_SETCHOS, O_WRONLY);
  AS(kAnna, [&] { CHECK_ERR(put_fd(by_root.get(), "trixie"), EPERM); });
  CHECK_EQ(counter("refused_EPERM"), eperm + 1);
  const long ebusy = counter("refused_EBUSY");
  Shared<Event> end;
  AS(kAnna, [&] {
    const pid_t shared = clone_fork(CLONE_FS);
    if (shared == 0) {
      end->wait();
      _exit(0);
    }
    alignas(16) static char stack[16384];
    /* A second thread, created without libc; it sleeps until the end. */
    const long thread = raw_child(
        CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM,
        [](void* event) {
          static_cast<Event*>(event)->wait();
          return 0;
        },
        &*end, stack + sizeof stack);
    CHECK_OK(thread);
    refuse("trixie", EBUSY);
    end->add();
    wait_status(shared);
  });
  CHECK_EQ(counter("refused_EBUSY"), ebusy + 1);
}

CHOS_CASE(errno_refusals_are_logged, 30) {
  /* A message has uid, pid and name.  Messages are rate-limited, so a flood does not fill the log. */
  Node node;
  Log log;
  Shared<std::atomic<int>> pid;
  AS(kAnna, [&] {
    pid->store(getpid());
    CHECK_ERR(enter("no-such-os"), ENOENT);
  });
  CHECK_SAY(log.wait_for({"chos", "no-such-os", "1000", std::to_string(pid->load())}), log.text());
  Log flood;
  AS(kBert, [] {
    for (int i = 0; i < 2000; ++i) CHECK_ERR(enter("flood"), ENOENT);
  });
  const std::string text = flood.text();
  size_t lines = 0;
  for (size_t at = 0; (at = text.find("flood", at)) != std::string::npos; ++at) ++lines;
  CHECK_SAY(lines < 200, std::to_string(lines) + " lines");
  CHECK(counter("refused_ENOENT") >= 2001);
}

CHOS_CASE(errno_refusals_are_audited, 30) {
  /* Without an audit daemon, audit messages go to the kernel log. */
  const std::string line = get("/proc/cmdline");
  if (line.find("audit=0") != std::string::npos) skip("booted with audit=0");
  Node node;
  Log log;
  AS(kAnna, [] { CHECK_ERR(enter("not-for-audit"), ENOENT); });
  CHECK_SAY(log.wait_for({"audit", "chos", "not-for-audit"}), log.text());
}

CHOS_CASE(errno_counters, 20) {
  Node node;
  const long enters = counter("enters");
  const long leaves = counter("leaves");
  AS(kAnna, [] {
    CHECK_OK(enter("trixie"));
    CHECK_OK(enter("sl6"));
    CHECK_OK(enter("/"));
    CHECK_OK(enter("trixie"));
  });
  CHECK_EQ(counter("enters"), enters + 3);
  CHECK_EQ(counter("leaves"), leaves + 1);
}

}  // namespace chos::guest
