// SPDX-License-Identifier: BSD-3-Clause
// Parses any bytes as /proc/PID/mountinfo, whose names users choose, and asks the table.
#include <cstdint>
#include <string>

#include "fuzz.h"
#include "mount/mountinfo.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto table = chos::MountTable::parse(std::string(reinterpret_cast<const char*>(data), size));
  if (!table) {
    MUST(!table.error().what.empty());
    return 0;
  }
  MUST(table->mounts().size() <= size);
  for (const auto& mount : table->mounts()) {
    MUST(table->by_id(mount.id) != nullptr);
    if (const auto* top = table->at(mount.target)) MUST(top->target == mount.target);
    (void)table->holding(mount.target);
    for (const auto* below : table->below(mount.target)) MUST(chos::is_below(below->target, mount.target));
    if (!table->source_of(mount.target)) continue;
    MUST(table->same_directory(mount.target, mount.target));
  }
  return 0;
}
