// SPDX-License-Identifier: BSD-3-Clause
#include "session/persona.h"

#include <sys/personality.h>

#include <cerrno>

namespace chos {
namespace {

constexpr unsigned long query = 0xffffffff;
constexpr unsigned domain = PER_MASK;

}  // namespace

std::optional<unsigned> own_persona() {
  const int now = ::personality(query);
  if (now == -1) return std::nullopt;
  return static_cast<unsigned>(now);
}

unsigned persona_after_move(unsigned now, bool from_base, bool linux32) {
  const unsigned flags = now & ~domain;
  if (linux32) return flags | PER_LINUX32;
  const bool came_with_an_os = !from_base && (now & domain) == PER_LINUX32;
  return came_with_an_os ? flags | PER_LINUX : now;
}

std::optional<unsigned> persona_to_set(bool from_base, bool linux32) {
  const auto now = own_persona();
  if (!now) return std::nullopt;
  const unsigned wanted = persona_after_move(*now, from_base, linux32);
  return wanted == *now ? std::nullopt : std::optional(wanted);
}

int set_persona(unsigned persona) noexcept { return ::personality(persona) == -1 ? errno : 0; }

}  // namespace chos
