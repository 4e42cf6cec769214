// SPDX-License-Identifier: BSD-3-Clause
// What the move of a login preserves, and how closing the session undoes it.
#include <grp.h>
#include <linux/capability.h>
#include <sys/personality.h>
#include <sys/syscall.h>

#include "pam/session_fixture.h"

namespace chos::test {
namespace {

class PamMove : public PamSession {};

TEST_F(PamMove, RootsGroupsAreKept) {
  CHOS_NEEDS_ROOT();
  choose("trixie");
  EXPECT_EQ(in_a_process([this] {
              const gid_t mine[] = {7, 8};
              if (::setgroups(2, mine) != 0) return 2;
              const auto before = process_state();
              if (open().what != What::moved) return 3;
              return process_state() == before ? 0 : 4;
            }),
            0);
}

// An OS may be open to some groups only.  Here the mode of the module's file requires a group; root without
// CAP_DAC_OVERRIDE cannot bypass it.
TEST_F(PamMove, EntersWithTheGroupsOfTheUser) {
  CHOS_NEEDS_ROOT();
  choose("trixie");
  ASSERT_EQ(::chown(path("proc/setchos").c_str(), 65533, strange_group), 0);
  ASSERT_EQ(::chmod(path("proc/setchos").c_str(), 0060), 0);
  EXPECT_EQ(in_a_process([this] {
              struct __user_cap_header_struct header {
                _LINUX_CAPABILITY_VERSION_3, 0
              };
              struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {};
              if (::syscall(SYS_capget, &header, sets) != 0) return 2;
              sets[0].effective &= ~(1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH);
              if (::syscall(SYS_capset, &header, sets) != 0) return 3;
              if (std::ofstream(path("proc/setchos"))) return 5;
              const Outcome outcome = open();
              if (outcome.what != What::moved) return 6;
              return std::ofstream(path("proc/setchos")) ? 7 : 0;
            }),
            0);
  EXPECT_EQ(os(), "trixie");
}

TEST_F(PamMove, CloseGoesBack) {
  choose("trixie");
  std::filesystem::current_path(directory());
  const Outcome outcome = open();
  ASSERT_TRUE(outcome.moved);
  EXPECT_EQ(std::filesystem::current_path(), directory()) << "the same directory by name";
  std::filesystem::current_path(account_.home);  // where the kernel may leave it
  close(*outcome.moved);
  EXPECT_EQ(os()[0], '/');
  EXPECT_EQ(std::filesystem::current_path(), directory());
}

TEST_F(PamMove, TheSessionStartsAtHome) {
  choose("trixie");
  std::filesystem::current_path("/");
  const Outcome outcome = open();
  ASSERT_TRUE(outcome.moved);
  EXPECT_EQ(std::filesystem::current_path(), account_.home);
  close(*outcome.moved);
  EXPECT_EQ(std::filesystem::current_path(), "/");
}

TEST_F(PamMove, CloseKnowsAnOsEnteredByItsPath) {
  choose("/os/trixie");
  const Outcome outcome = open();
  ASSERT_TRUE(outcome.moved);
  write("proc/setchos", "trixie");  // as the module says it
  close(*outcome.moved);
  EXPECT_EQ(os()[0], '/');
}

TEST_F(PamMove, CloseLeavesNoOtherOs) {
  write("proc/setchos", "sl6");
  close({"trixie", "", {}});
  EXPECT_EQ(os(), "sl6") << "somebody has moved it since";
  std::filesystem::remove(path("proc/setchos"));
  close({"trixie", "", {}});
  EXPECT_TRUE(log().empty());
}

TEST_F(PamMove, Personality) {
  allow("old:/os/old:persona=linux32\ntrixie:/os/trixie\n");
  const int before = ::personality(0xffffffff);
  choose("trixie");
  open();
  EXPECT_EQ(::personality(0xffffffff), before);
  write("proc/setchos", "/");
  choose("old");
  ASSERT_EQ(::personality(static_cast<unsigned long>(before | ADDR_NO_RANDOMIZE)), before);
  const Outcome outcome = open();
  ASSERT_TRUE(outcome.moved);
  EXPECT_EQ(::personality(0xffffffff), int{PER_LINUX32} | int{ADDR_NO_RANDOMIZE}) << "its flags are kept";
  close(*outcome.moved);
  EXPECT_EQ(::personality(0xffffffff), before | ADDR_NO_RANDOMIZE);
  ::personality(static_cast<unsigned long>(before));
}

TEST_F(PamMove, LeavingAnOsKeepsAnotherPersonality) {
  // Inside an OS the list is read below /local, where none exists here: the session is opened in the base OS.
  for (const unsigned before : {PER_BSD | unsigned{ADDR_NO_RANDOMIZE}, unsigned{PER_LINUX32}}) {
    write("proc/setchos", "sl6");
    EXPECT_EQ(in_a_process([&] {
                if (::personality(before) == -1) return 2;
                if (open().what != What::base) return 3;
                const auto wanted = before == PER_LINUX32 ? unsigned{PER_LINUX} : before;
                return ::personality(0xffffffff) == static_cast<int>(wanted) ? 0 : 4;
              }),
              0)
        << before;
    EXPECT_EQ(os()[0], '/');
  }
}

// root in an OS runs su: the session of the target follows the rules.
TEST_F(PamMove, FromAnotherOs) {
  // The files of the base OS are then below /local, which does not exist here, so the list is empty.
  write("proc/setchos", "sl6");
  EXPECT_EQ(open().what, What::base);
  EXPECT_EQ(os()[0], '/');
  write("proc/setchos", "sl6");
  choose("trixie");
  const Outcome outcome = open();
  EXPECT_EQ(outcome.what, What::base);
  EXPECT_EQ(os()[0], '/');
}

TEST_F(PamMove, LeavesNothing) {
  choose("trixie");
  const auto before = process_state();
  for (int i = 0; i < 10; ++i) {
    const Outcome outcome = open();
    ASSERT_TRUE(outcome.moved);
    close(*outcome.moved);
    write("proc/setchos", "/");
    choose(i % 2 == 0 ? "sarge" : "trixie");
    open();
    log();
    choose("trixie");
    write("proc/setchos", "/");
  }
  EXPECT_EQ(process_state(), before);
  EXPECT_TRUE(no_child_left());
}

}  // namespace
}  // namespace chos::test
