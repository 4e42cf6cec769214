// SPDX-License-Identifier: BSD-3-Clause
#include "session/persona.h"

#include <gtest/gtest.h>
#include <sys/personality.h>

#include "process_state.h"

namespace chos::test {
namespace {

constexpr unsigned flags = unsigned{ADDR_NO_RANDOMIZE} | unsigned{MMAP_PAGE_ZERO};

TEST(Persona, EnteringA32BitOsChangesTheDomainOnly) {
  for (const bool from_base : {true, false}) {
    EXPECT_EQ(persona_after_move(PER_LINUX, from_base, true), unsigned{PER_LINUX32});
    EXPECT_EQ(persona_after_move(PER_LINUX | flags, from_base, true), PER_LINUX32 | flags);
    EXPECT_EQ(persona_after_move(PER_LINUX32 | flags, from_base, true), PER_LINUX32 | flags);
  }
}

TEST(Persona, LeavingAnOsDropsLinux32AndKeepsTheRest) {
  EXPECT_EQ(persona_after_move(PER_LINUX32 | flags, false, false), PER_LINUX | flags);
  EXPECT_EQ(persona_after_move(PER_LINUX | flags, false, false), PER_LINUX | flags);
  EXPECT_EQ(persona_after_move(PER_BSD | flags, false, false), PER_BSD | flags);
}

TEST(Persona, WhatTheUserSetInTheBaseOsIsKept) {
  for (const unsigned own : {unsigned{PER_LINUX32}, PER_LINUX32 | flags, PER_LINUX | flags})
    EXPECT_EQ(persona_after_move(own, true, false), own);
}

TEST(Persona, OfThisProcess) {
  EXPECT_EQ(in_a_process([] {
              const unsigned randomized = PER_LINUX, fixed = PER_LINUX | unsigned{ADDR_NO_RANDOMIZE};
              if (set_persona(randomized) != 0 || own_persona() != randomized) return 2;
              if (persona_to_set(true, false) || persona_to_set(false, false)) return 3;
              if (set_persona(fixed) != 0 || own_persona() != fixed) return 4;
              if (persona_to_set(true, true) != (PER_LINUX32 | unsigned{ADDR_NO_RANDOMIZE})) return 5;
              if (set_persona(PER_LINUX32) != 0 || persona_to_set(false, false) != randomized) return 6;
              return persona_to_set(false, true) ? 7 : 0;
            }),
            0);
}

}  // namespace
}  // namespace chos::test
