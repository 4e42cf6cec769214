// SPDX-License-Identifier: BSD-3-Clause
#include "mount/flags.h"

#include "basic/text.h"
#include "mount/compat.h"

namespace chos {
namespace {

constexpr struct {
  MountFlag flag;
  const char* name;
  unsigned long mount;
  std::uint64_t attribute;
} table[] = {{mount_ro, "ro", MS_RDONLY, MOUNT_ATTR_RDONLY},
             {mount_nosuid, "nosuid", MS_NOSUID, MOUNT_ATTR_NOSUID},
             {mount_nodev, "nodev", MS_NODEV, MOUNT_ATTR_NODEV},
             {mount_noexec, "noexec", MS_NOEXEC, MOUNT_ATTR_NOEXEC},
             {mount_nosymfollow, "nosymfollow", MS_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW}};

}  // namespace

unsigned parse_flags(std::string_view options) {
  unsigned flags = 0;
  for (const auto option : split(options, ','))
    for (const auto& row : table)
      if (option == row.name) flags |= row.flag;
  return flags;
}

std::string flag_names(unsigned flags) {
  std::string text;
  for (const auto& row : table)
    if ((flags & row.flag) != 0) text += (text.empty() ? "" : ",") + std::string(row.name);
  return text;
}

unsigned long mount_bits(unsigned flags) {
  unsigned long bits = 0;
  for (const auto& row : table)
    if ((flags & row.flag) != 0) bits |= row.mount;
  return bits;
}

std::uint64_t attribute_bits(unsigned flags) {
  std::uint64_t bits = 0;
  for (const auto& row : table)
    if ((flags & row.flag) != 0) bits |= row.attribute;
  return bits;
}

}  // namespace chos
