/* SPDX-License-Identifier: BSD-3-Clause */
/* /proc/chos/valid: its grammar, its limits, who may write it, and the effects of a new list. */
#include <fcntl.h>
#include <unistd.h>

#include "usage.h"

namespace chos::guest {
namespace {

/* A refused list changes nothing. */
void refuse(const std::string& list, int error) {
  const std::string before = get(CHOS_VALID);
  const int result = allow(list);
  CHECK_SAY(result == -error,
            show(list) + " gave " + show_result(result) + ", wanted " + show_result(-error));
  CHECK_EQ(get(CHOS_VALID), before);
}

std::string numbered(int first, int count) {
  std::string list;
  for (int i = first; i < first + count; ++i) {
    list += "os" + std::to_string(i) + ":/os/trixie\n";
  }
  return list;
}

}  // namespace

CHOS_CASE(allowlist_accepts, 20) {
  Node node;
  const std::string long_name(CHOS_NAME_MAX, 'n');
  const std::string long_path = "/" + std::string(CHOS_PATH_MAX - 1, 'p');
  /* The list that is written, and the text that is then read. */
  const std::pair<std::string, std::string> good[] = {
      {"\n", ""},
      {"# nothing\n", ""},
      {"%SHELLS\n", ""},
      {"\n\n#x\n%SHELLS\na:/b\n\n#y", "a:/b\n"},
      {"trixie:/os/trixie", "trixie:/os/trixie\n"},
      {"a:/\n", "a:/\n"},
      {"A1._+-z:/os/a.b-c_d+e\n", "A1._+-z:/os/a.b-c_d+e\n"},
      {"0:/os/0\n", "0:/os/0\n"},
      {"a:/...\n", "a:/...\n"},
      {"a:/.a/..b/c..\n", "a:/.a/..b/c..\n"},
      {long_name + ":" + long_path + "\n", long_name + ":" + long_path + "\n"},
      {"a:/b:closed\n", "a:/b:closed\n"},
      {"a:/b:suid\n", "a:/b:suid\n"},
      {"a:/b:nosuid\n", "a:/b:nosuid\n"},
      {"a:/b:groups=0\n", "a:/b:groups=0\n"},
      {"a:/b:groups=1000|1001|4294967294\n", "a:/b:groups=1000|1001|4294967294\n"},
      {"a:/b:persona=linux32\n", "a:/b:persona=linux32\n"},
  };
  for (const auto& [list, back] : good) {
    const int result = allow(list);
    CHECK_SAY(result == 0, show(list) + " gave " + show_result(result));
    CHECK_EQ(get(CHOS_VALID), back);
    if (!back.empty()) {
      CHECK_OK(allow(back));
      CHECK_EQ(get(CHOS_VALID), back);
    }
  }
  CHECK_OK(allow("a:/b:closed,suid,groups=1|2,persona=linux32\nb:/b:persona=linux32,nosuid\n"));
  const std::string back = get(CHOS_VALID);
  for (const char* part : {"closed", "suid", "groups=1|2", "persona=linux32", "b:/b:"}) {
    CHECK_SAY(back.find(part) != std::string::npos, back);
  }
  CHECK_OK(allow(back));
  CHECK_EQ(get(CHOS_VALID), back);
  CHECK_EQ(counter("entries"), 2L);
}

CHOS_CASE(allowlist_refuses_lines, 30) {
  Node node;
  const std::string bad[] = {
      "",
      "trixie",
      "trixie\n",
      ":",
      "::",
      "trixie:",
      ":/os/trixie",
      "trixie:os/trixie",
      "trixie:/os/trixie/",
      "trixie://os",
      "trixie:/os//trixie",
      "trixie:/os/./trixie",
      "trixie:/os/../trixie",
      "trixie:/..",
      "trixie:/.",
      "trixie:/os/..",
      "trixie:/os/tri xie",
      "trixie:/os/tri\txie",
      "trixie:/os/tri\x01xie",
      "trixie:/os/tri\x7fxie",
      std::string("trixie:/os/tri\0xie", 18),
      std::string("trixie:/os/trixie\n\0", 19),
      " trixie:/os/trixie",
      "trixie :/os/trixie",
      "trixie: /os/trixie",
      "trixie:/os/trixie ",
      "trixie:/os/trixie\r\n",
      "\ttrixie:/os/trixie",
      ".trixie:/os/trixie",
      "-trixie:/os/trixie",
      "_trixie:/os/trixie",
      "+trixie:/os/trixie",
      "tri/xie:/os/trixie",
      "tri*xie:/os/trixie",
      "tr\xc3\xbcxie:/os/trixie",
      "/:/os/trixie",
      "trixie:/os/trixie:",
      "trixie:/os/trixie:what",
      "trixie:/os/trixie:closed,",
      "trixie:/os/trixie:,closed",
      "trixie:/os/trixie:closed,,suid",
      "trixie:/os/trixie:closed,closed",
      "trixie:/os/trixie:Closed",
      "trixie:/os/trixie:closed=1",
      "trixie:/os/trixie:suid,nosuid",
      "trixie:/os/trixie:nosuid,suid",
      "trixie:/os/trixie:suid,suid",
      "trixie:/os/trixie:groups",
      "trixie:/os/trixie:groups=",
      "trixie:/os/trixie:groups=|",
      "trixie:/os/trixie:groups=1|",
      "trixie:/os/trixie:groups=|1",
      "trixie:/os/trixie:groups=1||2",
      "trixie:/os/trixie:groups=users",
      "trixie:/os/trixie:groups=-1",
      "trixie:/os/trixie:groups=+1",
      "trixie:/os/trixie:groups=1x",
      "trixie:/os/trixie:groups=0x10",
      "trixie:/os/trixie:groups= 1",
      "trixie:/os/trixie:groups=4294967295",
      "trixie:/os/trixie:groups=4294967296",
      "trixie:/os/trixie:groups=99999999999999999999",
      "trixie:/os/trixie:groups=1,groups=2",
      "trixie:/os/trixie:persona=linux64",
      "trixie:/os/trixie:persona=",
      "trixie:/os/trixie:persona",
      "trixie:/os/trixie:persona=linux32,persona=linux32",
      "trixie:/os/trixie:closed:suid",
      "%SHELL\n",
      "%SHELLS \n",
      " # indented\n",
      std::string(CHOS_NAME_MAX + 1, 'n') + ":/os/trixie",
      "a:/" + std::string(CHOS_PATH_MAX, 'p'),
      "a:/os/a\nb:/os/b\nhalf",
      std::string(4096, 'x'),
      std::string(4096, ':'),
      std::string(4096, ','),
      "a:/b:" + std::string(4096, ','),
  };
  for (const auto& list : bad) refuse(list, EINVAL);
  for (const auto& list : bad) {
    if (!list.empty() && list.find('\n') == std::string::npos) {
      refuse("good:/os/good\n" + list + "\nb:/b\n", EINVAL);
    }
  }
}

CHOS_CASE(allowlist_limits, 30) {
  Node node;
  refuse("a:/b\na:/c\n", EEXIST);
  refuse("a:/b\nb:/b\nc:/b\na:/b\n", EEXIST);
  CHECK_OK(allow(numbered(0, CHOS_VALID_MAX_ENTRIES)));
  CHECK_EQ(counter("entries"), static_cast<long>(CHOS_VALID_MAX_ENTRIES));
  CHECK_EQ(get(CHOS_VALID), numbered(0, CHOS_VALID_MAX_ENTRIES));
  AS(kAnna, [] {
    for (const char* name : {"os0", "os1", "os4095"}) {
      CHECK_OK(enter(name));
      CHECK_EQ(get(CHOS_SETCHOS), std::string(name) + "\n");
      CHECK_EQ(get("/usr/id"), std::string("trixie"));
    }
    CHECK_ERR(enter("os4096"), ENOENT);
  });
  refuse(numbered(0, CHOS_VALID_MAX_ENTRIES + 1), E2BIG);
  /* Exactly the maximum size, and one byte more. */
  std::string padded = "a:/b\n#";
  padded += std::string(CHOS_VALID_MAX_BYTES - padded.size(), 'x');
  CHECK_OK(allow(padded));
  CHECK_EQ(get(CHOS_VALID), std::string("a:/b\n"));
  refuse(padded + "x", E2BIG);
  refuse(std::string(8 * CHOS_VALID_MAX_BYTES, '\n'), E2BIG);
  std::string groups = "a:/b:groups=1";
  for (int i = 2; i <= CHOS_GROUPS_MAX; ++i) groups += "|" + std::to_string(i);
  CHECK_OK(allow(groups));
  refuse(groups + "|33", E2BIG);
}

CHOS_CASE(allowlist_too_many_oss, 60) {
  /*
   * Without tracking of forks, there can be CHOS_OS_MAX different OSs since the module was loaded;
   * known ones are free, and a refused list adds none.
   */
  Node node({.parameters = "track=0"});
  int made = static_cast<int>(counter("interned"));
  CHECK(made == 3 || made == 4); /* the entry of the base OS may count */
  for (int first = 0;; first += CHOS_VALID_MAX_ENTRIES / 2) {
    const std::string list = numbered(first, CHOS_VALID_MAX_ENTRIES / 2);
    const std::string before = get(CHOS_VALID);
    const int result = allow(list);
    if (result == 0) {
      CHECK_OK(allow(list));
      made += CHOS_VALID_MAX_ENTRIES / 2;
      CHECK_EQ(counter("interned"), static_cast<long>(made));
      CHECK(made <= CHOS_OS_MAX);
      continue;
    }
    CHECK_ERR(result, ENOSPC);
    CHECK(made > CHOS_OS_MAX - CHOS_VALID_MAX_ENTRIES / 2);
    CHECK_EQ(counter("interned"), static_cast<long>(made));
    CHECK_EQ(get(CHOS_VALID), before);
    break;
  }
  CHECK_OK(allow(kList)); /* these OSs are known */
  AS(kAnna, [] {
    CHECK_OK(enter("trixie"));
    CHECK_VIEW("trixie");
  });
}

CHOS_CASE(allowlist_numbers_are_used_again, 90) {
  /* More OSs than there are numbers, one list after the other. */
  Node node;
  ParkedProcesses parked;
  Shared<Event> look, looked;
  AS(kAnna, [] { CHECK_OK(enter("alma9")); });
  parked.add(kAnna, [] { CHECK_OK(enter("trixie")); });
  const pid_t inside = start(kAnna, [&] {
    CHECK_OK(enter("sl6"));
    for (int i = 1; i <= 12; ++i) {
      look->wait(i);
      AS(kAnna, [] { CHECK_EQ(get(CHOS_SETCHOS), std::string("sl6\n")); });
      CHECK_VIEW("sl6");
      looked->add();
    }
    look->wait(13);
  });
  constexpr int kEach = CHOS_VALID_MAX_ENTRIES / 2;
  static_assert(12 * kEach > CHOS_OS_MAX);
  for (int i = 0; i < 12; ++i) {
    CHECK_OK(allow(numbered(i * kEach, kEach)));
    CHECK(counter("interned") <= CHOS_OS_MAX);
    look->add();
    looked->wait(i + 1);
    for (const char* path : {"/os/trixie", "/os/sl6"}) CHECK_EQ(processes_in(path), 1u);
  }
  look->add();
  FINISH(inside);
  AS(kAnna, [] { CHECK_ERR(enter("alma9"), ENOENT); });
  CHECK_OK(put(CHOS_LAYOUT, "link late\n")); /* alma9 has no number now */
  CHECK_OK(allow(kList));
  AS(kAnna, [] {
    for (const char* name : {"trixie", "sl6", "alma9"}) {
      CHECK_OK(enter(name));
      CHECK_VIEW(name);
      CHECK_EQ(link_of("/late"), std::string("os/") + name + "/late");
    }
  });
  CHECK_EQ(processes_in("/os/trixie"), 1u);
}

CHOS_CASE(allowlist_message_names_the_line, 20) {
  Node node;
  Log log;
  refuse("a:/a\n# comment\nb:/b\nc:bad\nd:/d\n", EINVAL);
  CHECK_SAY(log.wait_for({"chos", "line 4"}), log.text());
  Log second;
  refuse("a:/a\nb:/b\na:/c\n", EEXIST);
  CHECK_SAY(second.wait_for({"chos", "line 3"}), second.text());
}

CHOS_CASE(allowlist_writers, 20) {
  Node node;
  /* Privilege is checked at write time, not only at open time. */
  const Fd valid = open_file(CHOS_VALID, O_RDWR);
  CHECK_OK(valid.get());
  AS(kAnna, [&] {
    CHECK_ERR(put_fd(valid.get(), "x:/x\n"), EPERM);
    CHECK_ERR(open_file(CHOS_VALID, O_RDONLY).get(), EACCES);
    CHECK_ERR(open_file(CHOS_VALID, O_WRONLY).get(), EACCES);
  });
  CHECK_EQ(get(CHOS_VALID), std::string(kList));
  char byte;
  CHECK_EQ(sys(read(valid.get(), &byte, 1)), 1); /* the offset is 1 now */
  CHECK_ERR(put_fd(valid.get(), "x:/x\n"), EINVAL);
  CHECK_EQ(sys(lseek(valid.get(), 3, SEEK_SET)), 3);
  CHECK_ERR(put_fd(valid.get(), "x:/x\n"), EINVAL);
  CHECK_EQ(get(CHOS_VALID), std::string(kList));
  CHECK_OK(sys(lseek(valid.get(), 0, SEEK_SET)));
  CHECK_OK(put_fd(valid.get(), "x:/x\n"));
  CHECK_EQ(get(CHOS_VALID), std::string("x:/x\n"));
  /* Reading in small pieces gives the same text. */
  CHECK_OK(allow(numbered(0, 500)));
  const Fd reader = open_file(CHOS_VALID, O_RDONLY);
  CHECK_EQ(read_in_pieces(reader.get(), 7), numbered(0, 500));
}

CHOS_CASE(allowlist_changes, 20) {
  /* An OS is removed, closed, or limited to a group: processes inside stay, and so do their children. */
  Node node;
  Shared<Event> entered, changed, checked_it;
  const pid_t inside = start(kAnna, [&] {
    CHECK_OK(enter("trixie"));
    entered->add();
    for (int i = 1; i <= 4; ++i) {
      changed->wait(i);
      CHECK_VIEW("trixie");
      AS(kAnna, [] { CHECK_VIEW("trixie"); });
      CHECK_EQ(run_program({"/usr/bin/probe", "spawn", "trixie"}), 0);
      checked_it->add();
    }
  });
  entered->wait();
  auto next = [&, i = 0](const char* list, int expected) mutable {
    CHECK_OK(allow(list));
    changed->add();
    checked_it->wait(++i);
    AS(kAnna, [expected] {
      const int result = enter("trixie");
      CHECK_EQ(show_result(result), show_result(-expected));
      const std::string name = expected ? "/" : "trixie";
      CHECK_VIEW(name);
    });
  };
  next("sl6:/os/sl6\n", ENOENT);
  next("sl6:/os/sl6\ntrixie:/os/trixie:closed\n", EACCES);
  next("sl6:/os/sl6\ntrixie:/os/trixie:groups=4711|4712\n", EACCES);
  next("sl6:/os/sl6\ntrixie:/os/trixie\n", 0);
  FINISH(inside);
}

CHOS_CASE(allowlist_name_gets_another_path, 20) {
  /* A process inside stays in the tree that it entered; the name now means another tree. */
  Node node;
  AS(kRoot, [] {
    CHECK_OK(enter("trixie"));
    AS(kRoot, [] {
      CHECK_OK(allow("trixie:/os/sl6\n"));
      CHECK_EQ(link_of(CHOS_LINK), std::string("/os/trixie"));
      CHECK_EQ(get("/usr/id"), std::string("trixie"));
      CHECK_ERR(enter("/os/trixie"), ENOENT);
      CHECK_EQ(get("/usr/id"), std::string("trixie"));
      CHECK_OK(enter("trixie"));
      CHECK_EQ(link_of(CHOS_LINK), std::string("/os/sl6"));
      CHECK_EQ(get("/usr/id"), std::string("sl6"));
    });
    CHECK_EQ(get("/usr/id"), std::string("trixie"));
  });
}

CHOS_CASE(allowlist_groups, 20) {
  Node node;
  std::string many = "many:/os/alma9:groups=1";
  for (int i = 2; i < CHOS_GROUPS_MAX; ++i) many += "|" + std::to_string(i);
  CHECK_OK(allow("one:/os/trixie:groups=4711\ntwo:/os/sl6:groups=4712|1001\n" + many + "|70000\n"));
  const auto can = [](const Who& who, bool one, bool two, bool all) {
    AS(who, [=] {
      CHECK_EQ(show_result(enter("one")), show_result(one ? 0 : -EACCES));
      CHECK_EQ(show_result(enter("two")), show_result(two ? 0 : -EACCES));
      CHECK_EQ(show_result(enter("many")), show_result(all ? 0 : -EACCES));
      CHECK_EQ(show_result(enter("/os/trixie")), show_result(one ? 0 : -EACCES));
    });
  };
  can(kAnna, false, false, false);
  can(kBert, false, true, false);                /* by the gid */
  can({1000, 1000, {4711}}, true, false, false); /* by a supplementary group */
  can({1000, 4711, {}}, true, false, false);
  can({1000, 1000, {5, 6, 70000, 4712}}, false, true, true);
  can({1000, 4712, {4711, 1}}, true, true, true);
}

}  // namespace chos::guest
