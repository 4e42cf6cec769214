// SPDX-License-Identifier: BSD-3-Clause
// The personality of a process after a move.
#include "session/launch.h"

#include <sys/personality.h>

#include "allowlist/parse.h"
#include "process_state.h"
#include "scratch.h"

namespace chos::test {
namespace {

// A directory stands for /proc/chos.
class EnterOs : public Scratch {
 protected:
  void SetUp() override {
    Scratch::SetUp();
    if (::geteuid() != 0) GTEST_SKIP() << "needs a list that is root's";
    write("list", "old:/os/old:persona=linux32\ntrixie:/os/trixie\n");
    ASSERT_EQ(::chmod(path("list").c_str(), 0644), 0);
    ASSERT_EQ(::mkdir(path("kernel").c_str(), 0755), 0);
  }

  /// The personality of a process that had `before` and moved from one OS to another.
  int persona(int before, const std::string& from, const std::string& to) {
    write("kernel/setchos", from);
    std::filesystem::remove(path("persona"));
    const int status = in_a_process([&] {
      Place place({path("none"), path("kernel"), path("log")});
      place.parsed = load_allowlist(path("list"), [](const std::string&) { return Error{}; });
      Selection chosen;
      chosen.base = to == "/";
      chosen.entry = chosen.base ? nullptr : place.list()->find(to);
      if (::personality(static_cast<unsigned long>(before)) == -1) return 2;
      if (!enter_os(place, chosen, Messages("test"))) return 3;
      write("persona", std::to_string(::personality(0xffffffff)));
      return 0;
    });
    EXPECT_EQ(status, 0) << before << from << to;
    return std::atoi(read("persona").c_str());
  }
};

constexpr int flags = int{ADDR_NO_RANDOMIZE} | int{ADDR_COMPAT_LAYOUT};

TEST_F(EnterOs, TheFlagsOfThePersonalityAreKept) {
  EXPECT_EQ(persona(PER_LINUX | flags, "/", "old"), PER_LINUX32 | flags);
  EXPECT_EQ(persona(PER_LINUX32 | flags, "old", "/"), PER_LINUX | flags);
  EXPECT_EQ(persona(PER_LINUX32 | flags, "old", "trixie"), PER_LINUX | flags);
  EXPECT_EQ(persona(PER_LINUX | flags, "/", "trixie"), PER_LINUX | flags);
}

TEST_F(EnterOs, LeavingAnOsDropsLinux32AndNothingElse) {
  EXPECT_EQ(persona(PER_LINUX32, "gone", "/"), PER_LINUX) << "the list has lost the OS since";
  EXPECT_EQ(persona(PER_BSD, "old", "/"), PER_BSD);
  EXPECT_EQ(persona(PER_LINUX32, "/", "trixie"), PER_LINUX32) << "the user's own";
  EXPECT_EQ(persona(PER_LINUX32, "old", "old"), PER_LINUX32);
}

}  // namespace
}  // namespace chos::test
