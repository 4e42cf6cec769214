/* SPDX-License-Identifier: BSD-3-Clause */
/* Random writes to every writable file of /proc/chos, by a user and by root. */
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "node.h"

namespace chos::guest {
namespace {

/* CHOS_SEED in the environment, or 1. */
uint64_t seed() {
  const char* value = getenv("CHOS_SEED");
  const uint64_t number = value ? strtoull(value, nullptr, 0) : 1;
  note("CHOS_SEED=" + std::to_string(number));
  return number;
}

std::string noise(Random& random, unsigned most) {
  std::string text(random.below(most), '\0');
  for (char& c : text) c = static_cast<char>(random.next());
  return text;
}

/* Words of the grammar in random order, sometimes with a random defect. */
std::string sentence(Random& random, const std::vector<std::string>& words) {
  std::string text;
  for (unsigned n = random.below(12); n > 0; --n) text += words[random.below(words.size())];
  switch (random.below(6)) {
    case 0:
      if (!text.empty()) text[random.below(text.size())] = static_cast<char>(random.next());
      break;
    case 1:
      if (!text.empty()) text.erase(random.below(text.size()), 1);
      break;
    case 2: text += noise(random, 20); break;
    case 3: text += text; break;
    default: break;
  }
  return text;
}

std::string anything(Random& random, const std::vector<std::string>& words) {
  const unsigned kind = random.below(100);
  if (kind == 0) return noise(random, 9000);
  if (kind < 20) return noise(random, 300);
  return sentence(random, words);
}

const std::vector<std::string> kSetWords = {"trixie",  "sl6", "/",  "/os/", "\n",         "base",
                                            "default", "x",   "..", " ",    "/os/trixie", "/os/sl6"};
const std::vector<std::string> kValidWords = {"trixie:/os/trixie",
                                              "\n",
                                              "\n",
                                              ":",
                                              "/",
                                              "a",
                                              "sl6:/os/sl6:closed\n",
                                              "b:/b:groups=",
                                              "1|2",
                                              ",",
                                              "suid",
                                              "nosuid",
                                              "closed",
                                              "persona=linux32",
                                              "#",
                                              "%SHELLS\n",
                                              "x:/y\n",
                                              "groups=7",
                                              "4294967295"};
const std::vector<std::string> kLayoutWords = {"link ", "dir ", "\n", "\n",  "usr",  "proc",      "a",
                                               "..",    ".",    "/",  "x_1", "LINK", "dir dir\n", "link q\n"};

struct Target {
  const char* path;
  const std::vector<std::string>* words;
  std::vector<int> errors;
};

const Target kSet{CHOS_SETCHOS, &kSetWords, {EINVAL, ENAMETOOLONG, ENOENT, ENOTDIR}};
const Target kValid{CHOS_VALID, &kValidWords, {EINVAL, EEXIST, E2BIG, ENOSPC}};
const Target kLayout{CHOS_LAYOUT, &kLayoutWords, {EINVAL, EEXIST, E2BIG}};

/*
 * Makes many random writes.  Errors other than `errors` fail the case; with `must_fail`, so does any
 * success.  After every 1000 writes, the state must still be consistent.
 */
void write_at_random(int fd, const Target& target, const std::vector<int>& errors, uint64_t number,
                     bool must_fail) {
  Random random(number);
  long good = 0;
  const int times = load(100'000, 1'000'000);
  for (int i = 0; i < times; ++i) {
    const std::string text = anything(random, *target.words);
    /* Mostly at offset 0, where writes are valid. */
    const off_t at = random.below(50) == 0 ? static_cast<off_t>(random.below(500)) : 0;
    const long moved = sys(lseek(fd, at, SEEK_SET));
    if (moved < 0) continue; /* not every file allows a seek beyond its end */
    const long result = sys(write(fd, text.data(), text.size()));
    if (result >= 0) {
      ++good;
      CHECK_SAY(static_cast<size_t>(result) == text.size() && at == 0 && !must_fail, show(text));
    } else if (std::find(errors.begin(), errors.end(), -result) == errors.end()) {
      fail(__FILE__, __LINE__,
           std::string(target.path) + ": " + show(text) + " at " + std::to_string(at) + " gave " +
               show_result(result));
    }
    if (i % 1000 == 0) {
      const std::string seen = view();
      CHECK_SAY(seen[0] != '!', seen);
    }
  }
  note(std::string(target.path) + ": " + std::to_string(good) + " of " + std::to_string(times) + " accepted");
  CHECK_EQ(good > 0, !must_fail);
}

void fuzz_as(const Who& who, const Target& target, uint64_t number) {
  AS(who, [&] {
    const Fd fd = open_file(target.path, O_RDWR);
    CHECK_OK(fd.get());
    write_at_random(fd.get(), target, target.errors, number, false);
  });
}

/* A user writes to a descriptor that root opened: every write must be refused. */
void fuzz_inherited(const Target& target, uint64_t number) {
  const std::string before = get(target.path);
  const Fd fd = open_file(target.path, O_RDWR);
  CHECK_OK(fd.get());
  AS(kAnna, [&] {
    CHECK_ERR(open_file(target.path, O_WRONLY).get(), EACCES);
    std::vector<int> errors = target.errors;
    errors.push_back(EPERM);
    write_at_random(fd.get(), target, errors, number, true);
  });
  CHECK_EQ(get(target.path), before);
}

}  // namespace

CHOS_CASE(fuzz_setchos_as_user, 30) {
  Node node;
  fuzz_as(kAnna, kSet, seed());
}

CHOS_CASE(fuzz_setchos_as_root, 30) {
  Node node;
  fuzz_as(kRoot, kSet, seed() + 1);
}

CHOS_CASE(fuzz_valid_as_root, 60) {
  Node node;
  fuzz_as(kRoot, kValid, seed() + 2);
  const std::string list = get(CHOS_VALID);
  CHECK_OK(allow(list.empty() ? "\n" : list)); /* the list that is read can be written back */
  CHECK_EQ(get(CHOS_VALID), list);
  CHECK_OK(allow(kList));
  AS(kAnna, [] {
    CHECK_OK(enter("trixie"));
    CHECK_VIEW("trixie");
  });
}

CHOS_CASE(fuzz_valid_as_user, 30) {
  Node node;
  fuzz_inherited(kValid, seed() + 3);
}

CHOS_CASE(fuzz_layout_as_root, 30) {
  Node node;
  fuzz_as(kRoot, kLayout, seed() + 4);
  AS(kAnna, [] {
    CHECK_OK(enter("trixie"));
    CHECK_VIEW("trixie");
  });
}

CHOS_CASE(fuzz_layout_as_user, 30) {
  Node node;
  fuzz_inherited(kLayout, seed() + 5);
}

}  // namespace chos::guest
