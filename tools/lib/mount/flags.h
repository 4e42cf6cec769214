// SPDX-License-Identifier: BSD-3-Clause
// The flags of a mount, and the numbers and names that the kernel's interfaces have for them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace chos {

/// Flags of a mount (not of its file system), as a set of bits.
enum MountFlag : unsigned {
  mount_ro = 1U << 0,
  mount_nosuid = 1U << 1,
  mount_nodev = 1U << 2,
  mount_noexec = 1U << 3,
  mount_nosymfollow = 1U << 4,
};

/// The flags among `options`, a list as in mountinfo(5): "rw,nosuid,relatime".
unsigned parse_flags(std::string_view options);

/// "ro,nosuid"; "" for no flag.
std::string flag_names(unsigned flags);

/// The flags as bits of mount(2), MS_*.
unsigned long mount_bits(unsigned flags);

/// The flags as bits of mount_setattr(2) and fsmount(2), MOUNT_ATTR_*.
std::uint64_t attribute_bits(unsigned flags);

}  // namespace chos
