/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every allocation fails once while a file of /proc/chos is read or written, a file system is mounted, and
 * the module is loaded and unloaded: an error changes nothing.
 */
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "failing.h"

namespace chos::guest {
namespace {

/* Opens, reads and closes a file without allocating memory of this process.  Returns its size or -errno. */
long read_into(const char* path, char* buffer, size_t size) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  size_t have = 0;
  long got = 1;
  while (got > 0 && have < size) {
    got = sys(read(fd, buffer + have, size - have));
    if (got > 0) have += static_cast<size_t>(got);
  }
  close(fd);
  return got < 0 ? got : static_cast<long>(have);
}

/* Loads the module; the n-th allocation fails.  Returns whether one failed. */
bool load_with_failure(FailNth& nth, int n, const char* parameters) {
  nth.arm(n);
  const int result = load_module(parameters);
  const bool failed = nth.disarm();
  if (result < 0) {
    CHECK_SAY(failed && result == -ENOMEM, "loading gave " + show_result(result));
    CHECK(!module_loaded());
    CHECK(!exists(CHOS_MOUNT));
    return failed;
  }
  CHECK(exists(CHOS_MOUNT));
  CHECK_EQ(clean_up(CHOS_FARM_DEFAULT), std::string());
  return failed;
}

/* A list with names that the module does not know yet. */
std::string list_with(int n) {
  const std::string name = "new" + std::to_string(n);
  return kList + name + ":/os/" + name + ":groups=1|2|3|4|5\n" + name + "b:/os/trixie:closed\n";
}

std::string many_entries(int n) {
  std::string text = list_with(n);
  for (int i = 0; i < 60; ++i) text += "e" + std::to_string(i) + ":/os/sl6:groups=7\n";
  return text;
}

}  // namespace

CHOS_CASE(failing_valid, 60) {
  prepare_failing();
  Node node;
  for (const auto make : {list_with, many_entries}) {
    const Fd valid = open_file(CHOS_VALID, O_WRONLY);
    int next = 1;
    std::string before = get(CHOS_VALID), text = make(next);
    const int failed = fail_each([&] { return put_fd(valid.get(), text); },
                                 [&](long result, int) {
                                   if (result < 0) CHECK_ERR(result, ENOMEM);
                                   CHECK_EQ(get(CHOS_VALID), result < 0 ? before : text);
                                   before = get(CHOS_VALID);
                                   text = make(++next);
                                   CHECK_OK(sys(lseek(valid.get(), 0, SEEK_SET)));
                                 });
    note("valid: " + std::to_string(failed) + " allocations failed");
    CHECK(failed > 3);
  }
  CHECK_OK(allow(kList));
  AS(kAnna, [] {
    CHECK_OK(enter("trixie"));
    CHECK_VIEW("trixie");
  });
}

CHOS_CASE(failing_layout, 60) {
  prepare_failing();
  Node node;
  CHECK_OK(allow(std::string(kList) + "more:/os/trixie\n"));
  AS(kAnna, [] { CHECK_OK(enter("more")); }); /* so that this OS has targets of the links */
  const Fd layout = open_file(CHOS_LAYOUT, O_WRONLY);
  int next = 1;
  std::string before = get(CHOS_LAYOUT);
  auto names = names_in(CHOS_FARM);
  std::string text = before + "link l0\ndir d0\n";
  const int failed = fail_each([&] { return put_fd(layout.get(), text); },
                               [&](long result, int) {
                                 if (result < 0) {
                                   CHECK_ERR(result, ENOMEM);
                                   CHECK_EQ(get(CHOS_LAYOUT), before);
                                   CHECK(names_in(CHOS_FARM) == names);
                                 } else {
                                   before = get(CHOS_LAYOUT);
                                   CHECK_EQ(names_in(CHOS_FARM).size(), names.size() + 2);
                                   names = names_in(CHOS_FARM);
                                 }
                                 const std::string n = std::to_string(next++);
                                 text = before + "link l" + n + "\ndir d" + n + "\n";
                                 CHECK_OK(sys(lseek(layout.get(), 0, SEEK_SET)));
                               });
  note("layout: " + std::to_string(failed) + " allocations failed");
  CHECK(failed > 3);
  AS(kAnna, [&] {
    CHECK_OK(enter("more"));
    CHECK_EQ(get("/usr/id"), std::string("trixie"));
    CHECK_EQ(link_of("/usr"), std::string("os/trixie/usr"));
  });
}

CHOS_CASE(failing_reads, 60) {
  prepare_failing();
  Node node;
  ParkedProcesses parked;
  for (const char* name : {"trixie", "sl6", "alma9"}) {
    parked.add(kAnna, [name] { CHECK_OK(enter(name)); });
  }
  static char want[65536], have[65536];
  for (const char* path : {CHOS_VALID, CHOS_LAYOUT, CHOS_PROCESSES, CHOS_USAGE, CHOS_SETCHOS}) {
    const long size = CHECK_OK(read_into(path, want, sizeof want));
    const int failed = fail_each([&] { return read_into(path, have, sizeof have); },
                                 [&](long result, int) {
                                   if (result < 0) {
                                     CHECK_ERR(result, ENOMEM);
                                   } else {
                                     CHECK_EQ(std::string(have, static_cast<size_t>(result)),
                                              std::string(want, static_cast<size_t>(size)));
                                   }
                                 });
    note(std::string(path) + ": " + std::to_string(failed) + " allocations failed");
    CHECK(failed > 0);
  }
  char target[64];
  fail_each([&] { return sys(readlink(CHOS_LINK, target, sizeof target)); },
            [&](long result, int) { CHECK(result == 1 || result == -ENOMEM); });
}

CHOS_CASE(failing_mount, 60) {
  prepare_failing();
  Node node;
  make_dirs("/srv/again");
  const int failed = fail_each([] { return sys(mount(CHOS_FS_TYPE, "/srv/again", CHOS_FS_TYPE, 0, "")); },
                               [](long result, int) {
                                 if (result < 0) {
                                   CHECK_ERR(result, ENOMEM);
                                   CHECK_EQ(names_in("/srv/again").size(), 0u);
                                 } else {
                                   CHECK_EQ(get("/srv/again/valid"), get(CHOS_VALID));
                                   CHECK_OK(umount_lazily("/srv/again"));
                                 }
                               });
  note("mount: " + std::to_string(failed) + " allocations failed");
  CHECK(failed > 3);
}

CHOS_CASE(failing_load, 240) {
  prepare_failing();
  FailNth nth;
  for (const char* parameters : {"mount=0", "", "track=0 farm=/srv/farm"}) {
    const int failed =
        fail_each_process(parameters, [&](int n) { return load_with_failure(nth, n, parameters); });
    CHECK(failed > 20);
  }
}

CHOS_CASE(failing_unload, 120) {
  prepare_failing();
  FailNth nth;
  const int failed = fail_each_process("unloading", [&](int n) {
    CHECK_OK(load_module("mount=0"));
    make_dirs("/srv/again");
    CHECK_OK(mount_fs(CHOS_FS_TYPE, "/srv/again"));
    CHECK_OK(put("/srv/again/valid", kList));
    CHECK_OK(put("/srv/again/layout", "link usr\ndir proc\n"));
    CHECK_OK(sys(umount2("/srv/again", 0)));
    nth.arm(n);
    const int result = unload_module();
    const bool out = nth.disarm();
    /* The kernel may refuse; the module's own part cannot fail. */
    if (result < 0) CHECK_SAY(out && result == -ENOMEM, show_result(result));
    CHECK_EQ(module_loaded(), result < 0);
    CHECK_EQ(clean_up(CHOS_FARM_DEFAULT), std::string());
    return out;
  });
  note(std::to_string(failed) + " in total");
}

}  // namespace chos::guest
