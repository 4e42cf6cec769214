/* SPDX-License-Identifier: BSD-3-Clause */
/* Entering and leaving: names, paths, system calls that write, the working directory. */
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "node.h"

namespace chos::guest {
namespace {

/* After success the view must be "trixie", after an error it must be `before`. */
void check_all_or_nothing(const char* what, long result, const std::string& before) {
  const std::string seen = view();
  CHECK_SAY(seen == (result >= 0 ? "trixie" : before),
            std::string(what) + " gave " + show_result(result) + " and the view is " + seen);
}

}  // namespace

CHOS_CASE(enter_by_name_and_path, 10) {
  Node node;
  AS(kAnna, [] {
    CHECK_VIEW("/");
    for (const char* word : {"trixie", "trixie\n", "/os/trixie", "/os/trixie\n"}) {
      CHECK_OK(enter(word)); /* from the base */
      CHECK_VIEW("trixie");
      CHECK_EQ(link_of(CHOS_LINK), std::string("/os/trixie"));
      CHECK_EQ(link_of("/usr"), std::string("os/trixie/usr"));
      CHECK_EQ(get("/etc/os-release"), std::string("NAME=trixie\n"));
      CHECK_OK(enter("sl6")); /* from another OS */
      CHECK_VIEW("sl6");
      CHECK_OK(enter(word));
      CHECK_VIEW("trixie");
      CHECK_OK(enter("/"));
      CHECK_VIEW("/");
    }
    for (const char* word : {"/", "/\n", "base", "base\n"}) {
      CHECK_OK(enter(word)); /* leaving while in the base is not an error */
      CHECK_VIEW("/");
      CHECK_OK(enter("alma9"));
      CHECK_VIEW("alma9");
      CHECK_OK(enter(word));
      CHECK_VIEW("/");
      CHECK_EQ(get(CHOS_SETCHOS), std::string("/\n"));
    }
    CHECK_EQ(getuid(), 1000u);
    CHECK_EQ(geteuid(), 1000u);
  });
  CHECK_VIEW("/"); /* the parent has not moved */
}

CHOS_CASE(enter_parent_stays, 10) {
  Node node;
  AS(kAnna, [] {
    CHECK_OK(enter("sl6"));
    AS(kAnna, [] {
      CHECK_OK(enter("trixie"));
      CHECK_VIEW("trixie");
    });
    CHECK_VIEW("sl6");
    AS(kAnna, [] { CHECK_OK(enter("/")); });
    CHECK_VIEW("sl6");
  });
  CHECK_VIEW("/");
}

CHOS_CASE(enter_two_users_at_once, 10) {
  Node node;
  Shared<Event> in, looked;
  const auto live_in = [&](const char* name) {
    CHECK_OK(enter(name));
    in->add();
    in->wait(2);
    CHECK_VIEW(name);
    looked->add();
    looked->wait(2);
    CHECK_VIEW(name);
  };
  const pid_t anna = start(kAnna, [&] { live_in("trixie"); });
  const pid_t bert = start(kBert, [&] { live_in("sl6"); });
  FINISH(anna);
  FINISH(bert);
}

CHOS_CASE(enter_what_is_shared, 10) {
  /* Every OS has the homes, devices and processes of the node. */
  Node node;
  Shared<Event> entered, written;
  const pid_t other = start(kAnna, [&] {
    CHECK_OK(enter("sl6"));
    entered->add();
    written->wait();
    CHECK_EQ(get("/home/1000/note"), std::string("from trixie"));
  });
  entered->wait();
  AS(kAnna, [&] {
    CHECK_OK(enter("trixie"));
    make_file("/home/1000/note", "from trixie");
    CHECK(exists("/proc/" + std::to_string(other) + "/status"));
    CHECK(exists("/dev/null"));
    CHECK_EQ(get("/local/usr/id"), std::string("base"));
  });
  CHECK_EQ(get("/home/1000/note"), std::string("from trixie"));
  written->add();
  FINISH(other);
}

CHOS_CASE(enter_with_a_shell, 10) {
  Node node;
  const auto as_anna = [] { become(kAnna); };
  const auto shell = [&](const std::string& script) {
    return run_program({"/bin/sh", "-c", script}, as_anna);
  };
  CHECK_EQ(shell("echo trixie > /proc/chos/setchos && read x < /proc/chos/setchos && "
                 "test \"$x\" = trixie && exec /usr/bin/probe view trixie"),
           0);
  CHECK_EQ(shell("printf %s sl6 > /proc/chos/setchos && exec /usr/bin/probe spawn sl6"), 0);
  CHECK_EQ(shell("echo trixie > /proc/chos/setchos && echo / > /proc/chos/setchos && "
                 "exec /usr/bin/probe view /"),
           0);
  /* O_APPEND writes at offset 0, because the size of the file is 0. */
  CHECK_EQ(shell("echo trixie >> /proc/chos/setchos && exec /usr/bin/probe view trixie"), 0);
  CHECK(shell("echo nope 2>/dev/null > /proc/chos/setchos") != 0);
}

CHOS_CASE(enter_default, 10) {
  Node node;
  CHECK_OK(allow("default:/os/trixie\ntrixie:/os/trixie\nsl6:/os/sl6\n"));
  AS(kAnna, [] {
    CHECK_OK(enter("default"));
    CHECK_VIEW("trixie");
    CHECK_OK(enter("sl6"));
    CHECK_OK(enter("/os/trixie"));
    CHECK_VIEW("trixie");
  });
  CHECK_OK(allow("trixie:/os/trixie\ndefault:/os/trixie\n")); /* in the other order */
  AS(kAnna, [] {
    CHECK_OK(enter("default"));
    CHECK_VIEW("trixie");
  });
  CHECK_OK(allow("default:/os/sl6\n")); /* no other entry has its path */
  AS(kAnna, [] {
    CHECK_OK(enter("default"));
    CHECK_EQ(get(CHOS_SETCHOS), std::string("default\n"));
    CHECK_EQ(link_of(CHOS_LINK), std::string("/os/sl6"));
    CHECK_EQ(get("/usr/id"), std::string("sl6"));
    CHECK_OK(enter(get(CHOS_SETCHOS)));
    CHECK_EQ(link_of(CHOS_LINK), std::string("/os/sl6"));
  });
  CHECK_OK(allow("default:/\nsl6:/os/sl6\n"));
  AS(kAnna, [] {
    CHECK_OK(enter("sl6"));
    CHECK_OK(enter("default"));
    CHECK_VIEW("/");
  });
  CHECK_OK(allow("sl6:/os/sl6\n"));
  AS(kAnna, [] {
    CHECK_ERR(enter("default"), ENOENT);
    CHECK_ERR(enter("base"), ENOENT);
    CHECK_OK(enter("sl6"));
    CHECK_ERR(enter("base"), ENOENT);
    CHECK_VIEW("sl6");
    CHECK_OK(enter("/")); /* leaving needs no entry */
    CHECK_VIEW("/");
  });
}

CHOS_CASE(enter_same_path_twice, 10) {
  /* Two names for one path: whichever name setchos shows can be written back. */
  Node node;
  CHECK_OK(allow("one:/os/trixie\ntwo:/os/trixie\nsl6:/os/sl6\n"));
  AS(kAnna, [] {
    for (const char* word : {"one", "two", "/os/trixie"}) {
      CHECK_OK(enter(word));
      CHECK_EQ(get("/usr/id"), std::string("trixie"));
      const std::string name = get(CHOS_SETCHOS);
      CHECK_OK(enter(name));
      CHECK_EQ(get(CHOS_SETCHOS), name);
      CHECK_OK(enter("sl6"));
      CHECK_OK(enter(name));
      CHECK_EQ(get(CHOS_SETCHOS), name);
    }
  });
}

CHOS_CASE(enter_working_directory, 10) {
  Node node;
  AS(kAnna, [] {
    CHECK_OK(sys(chdir("/var/lib")));
    CHECK_OK(enter("trixie")); /* the cwd is not below the farm: it becomes the farm */
    CHECK_EQ(working_directory(), std::string("/"));
    CHECK_EQ(link_of("usr"), std::string("os/trixie/usr"));
    CHECK_OK(sys(chdir("/home/1000")));
    CHECK_OK(enter("sl6")); /* the cwd is below the farm: it stays */
    CHECK_EQ(working_directory(), std::string("/home/1000"));
    CHECK_OK(sys(chdir("/usr/bin")));
    CHECK_EQ(working_directory(), std::string("/os/sl6/usr/bin"));
    CHECK_OK(enter("trixie"));
    CHECK_EQ(working_directory(), std::string("/os/sl6/usr/bin"));
    CHECK_OK(enter("/")); /* the cwd is below the base root: it stays */
    CHECK_EQ(working_directory(), std::string("/chos/os/sl6/usr/bin"));
    CHECK_OK(sys(chdir("/chos/home/1000")));
    CHECK_OK(enter("trixie"));
    CHECK_EQ(working_directory(), std::string("/home/1000"));
    CHECK_OK(enter("/"));
    CHECK_OK(sys(chdir("/chos")));
    CHECK_OK(enter("trixie"));
    CHECK_EQ(working_directory(), std::string("/"));
  });
}

CHOS_CASE(enter_with_directories_open, 10) {
  /* Open directories stay valid, do not prevent a switch, and become neither the root nor the cwd. */
  Node node;
  AS(kAnna, [] {
    const Fd outside = open_file("/", O_PATH | O_DIRECTORY);
    CHECK_OK(outside.get());
    CHECK_OK(enter("trixie"));
    CHECK_VIEW("trixie");
    CHECK_EQ(working_directory(), std::string("/"));
    const Fd id(openat(outside.get(), "usr/id", O_RDONLY));
    CHECK(static_cast<bool>(id));
    CHECK_OK(sys(fchdir(outside.get()))); /* possible, as after chroot(2) */
    CHECK_VIEW("trixie");
    CHECK_OK(enter("sl6")); /* the cwd is outside the new root: it becomes the root */
    CHECK_EQ(working_directory(), std::string("/"));
    CHECK_VIEW("sl6");
    CHECK_OK(sys(fchdir(outside.get())));
    CHECK_OK(enter("sl6")); /* already there */
    CHECK_VIEW("sl6");
    CHECK_OK(sys(fchdir(outside.get())));
    CHECK_OK(enter("/"));
    CHECK_VIEW("/");
    CHECK_EQ(working_directory(), std::string("/"));
  });
}

CHOS_CASE(enter_in_a_deleted_directory, 10) {
  Node node;
  AS(kAnna, [] {
    CHECK_OK(sys(mkdir("/home/1000/gone", 0700)));
    CHECK_OK(sys(chdir("/home/1000/gone")));
    CHECK_OK(sys(rmdir("/home/1000/gone")));
    CHECK_OK(enter("trixie"));
    CHECK_VIEW("trixie");
    CHECK_EQ(working_directory(), std::string("/"));
  });
}

CHOS_CASE(enter_lengths, 20) {
  Node node;
  std::string list;
  const auto name_of = [](size_t size) { return "n" + std::string(size - 1, 'x'); };
  const size_t sizes[] = {1, 2, 15, 16, 31, 32, 33, 62, 63};
  for (const size_t size : sizes) list += name_of(size) + ":/os/trixie\n";
  /* A tree whose path has exactly CHOS_PATH_MAX bytes. */
  const std::string head = "/os/deep/";
  const std::string deep = head + std::string(CHOS_PATH_MAX - head.size(), 'd');
  make_dirs(std::string(kTrees) + deep.substr(3) + "/usr");
  make_file(std::string(kTrees) + deep.substr(3) + "/usr/id", "deep");
  list += "deep:" + deep + "\n";
  CHECK_OK(allow(list));
  AS(kAnna, [&] {
    for (const size_t size : sizes) {
      CHECK_OK(enter(name_of(size)));
      CHECK_EQ(get("/usr/id"), std::string("trixie"));
      CHECK_OK(enter("/"));
      CHECK_ERR(enter(name_of(size) + "y"), ENOENT);
    }
    CHECK_OK(enter(deep));
    CHECK_EQ(get("/usr/id"), std::string("deep"));
    CHECK_EQ(link_of(CHOS_LINK), deep);
    CHECK_OK(enter("/"));
    CHECK_OK(enter(deep + "\n")); /* the newline does not count */
    CHECK_EQ(get("/usr/id"), std::string("deep"));
    CHECK_EQ(get(CHOS_SETCHOS), std::string("deep\n"));
    CHECK_ERR(enter(deep + "d"), ENAMETOOLONG);
    CHECK_EQ(get("/usr/id"), std::string("deep"));
  });
}

CHOS_CASE(enter_forms_of_writing, 20) {
  Node node;
  make_file("/tmp/word", "trixie");
  AS(kAnna, [] {
    const Fd set = open_file(CHOS_SETCHOS, O_RDWR);
    CHECK_OK(set.get());
    CHECK_ERR(sys(pwrite(set.get(), "trixie", 6, 1)), EINVAL);
    CHECK_ERR(sys(pwrite(set.get(), "trixie", 6, 4096)), EINVAL);
    CHECK_ERR(sys(pwrite(set.get(), "trixie", 6, 1ll << 40)), EINVAL);
    CHECK_VIEW("/");
    CHECK_OK(sys(pwrite(set.get(), "trixie", 6, 0)));
    CHECK_VIEW("trixie");
    CHECK_OK(put_fd(set.get(), "sl6\n"));
    CHECK_VIEW("sl6");
    /* The protocol does not define whether a write advances the offset. */
    check_all_or_nothing("a second write", sys(write(set.get(), "trixie", 6)), "sl6");
    CHECK_OK(sys(lseek(set.get(), 0, SEEK_SET)));
    CHECK_OK(put_fd(set.get(), "/"));
    CHECK_VIEW("/");
  });
  AS(kAnna, [] {
    const Fd set = open_file(CHOS_SETCHOS, O_WRONLY);
    iovec parts[2] = {{const_cast<char*>("tri"), 3}, {const_cast<char*>("xie"), 3}};
    check_all_or_nothing("writev", sys(writev(set.get(), parts, 2)), "/");
    CHECK_OK(enter("/"));
    iovec whole[1] = {{const_cast<char*>("trixie\n"), 7}};
    CHECK_OK(sys(pwritev(set.get(), whole, 1, 0)));
    CHECK_VIEW("trixie");
  });
  AS(kAnna, [] {
    const Fd set = open_file(CHOS_SETCHOS, O_WRONLY);
    const Fd word = open_file("/tmp/word", O_RDONLY);
    check_all_or_nothing("sendfile", sys(sendfile(set.get(), word.get(), nullptr, 6)), "/");
  });
  AS(kAnna, [] {
    const Fd set = open_file(CHOS_SETCHOS, O_WRONLY);
    int ends[2];
    CHECK_OK(sys(pipe(ends)));
    CHECK_OK(sys(write(ends[1], "trixie", 6)));
    check_all_or_nothing("splice", sys(splice(ends[0], nullptr, set.get(), nullptr, 6, 0)), "/");
  });
  AS(kAnna, [] {
    const Fd read_only = open_file(CHOS_SETCHOS, O_RDONLY);
    CHECK_ERR(sys(write(read_only.get(), "trixie", 6)), EBADF);
    CHECK_VIEW("/");
    CHECK_OK(sys(truncate(CHOS_SETCHOS, 0))); /* as a shell's > does */
    const Fd set = open_file(CHOS_SETCHOS, O_WRONLY);
    CHECK_ERR(raw(SYS_write, set.get(), 8, 6), EFAULT);
    CHECK_VIEW("/");
  });
}

CHOS_CASE(enter_forms_of_reading, 10) {
  Node node;
  AS(kAnna, [] {
    const Fd set = open_file(CHOS_SETCHOS, O_RDONLY);
    CHECK_OK(enter("trixie"));
    std::string text;
    char byte;
    while (CHECK_OK(sys(read(set.get(), &byte, 1))) == 1) text += byte; /* it was opened in the base */
    CHECK_EQ(text, std::string("trixie\n"));
    char buffer[32];
    CHECK_EQ(sys(pread(set.get(), buffer, sizeof buffer, 2)), 5);
    CHECK_EQ(std::string(buffer, 5), std::string("ixie\n"));
    CHECK_EQ(sys(pread(set.get(), buffer, sizeof buffer, 7)), 0);
    CHECK_EQ(sys(pread(set.get(), buffer, sizeof buffer, 1000)), 0);
    CHECK_EQ(sys(pread(set.get(), buffer, sizeof buffer, 1ll << 40)), 0);
    /* Each reader of one open file sees its own OS. */
    AS(kAnna, [&] {
      CHECK_OK(enter("sl6"));
      char own[32];
      CHECK_EQ(sys(pread(set.get(), own, sizeof own, 0)), 4);
      CHECK_EQ(std::string(own, 4), std::string("sl6\n"));
    });
    CHECK_EQ(sys(pread(set.get(), buffer, sizeof buffer, 0)), 7);
    CHECK_EQ(sys(readlink(CHOS_LINK, buffer, 4)), 4); /* truncated, as readlink(2) documents */
    CHECK_EQ(std::string(buffer, 4), std::string("/os/"));
    struct stat info;
    CHECK_OK(sys(stat(CHOS_LINK "/usr/id", &info))); /* a path through the link resolves */
    CHECK_EQ(info.st_size, 6);
  });
}

CHOS_CASE(enter_again_whatever_the_options, 10) {
  Node node;
  AS(kAnna, [] {
    CHECK_OK(enter("trixie"));
    AS(kAnna, [] { CHECK_VIEW("trixie"); });
  });
  Shared<Event> entered, closed;
  const pid_t pid = start(kAnna, [&] {
    CHECK_OK(enter("trixie"));
    entered->add();
    closed->wait();
    CHECK_OK(enter("trixie")); /* already there */
    CHECK_OK(enter("/os/trixie"));
    CHECK_VIEW("trixie");
    AS(kAnna, [] { CHECK_VIEW("trixie"); });
    CHECK_OK(enter("sl6"));
    CHECK_ERR(enter("trixie"), EACCES);
    CHECK_VIEW("sl6");
  });
  entered->wait();
  CHECK_OK(allow("trixie:/os/trixie:closed,groups=4711\nsl6:/os/sl6\n"));
  closed->add();
  FINISH(pid);
}

}  // namespace chos::guest
