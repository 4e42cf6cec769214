// SPDX-License-Identifier: BSD-3-Clause
// Tar archives of untrusted origin, by libarchive: each entry is checked before it is written.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "basic/result.h"

namespace chos {

struct ArchiveLimits {
  std::uint64_t bytes = 0;  ///< of all content, unpacked
  std::uint64_t entries = 10'000'000;
  bool drop_devices = false;  ///< leave device nodes out instead of refusing them
};

/// Called now and then; false: stop, the result is an Error with code EINTR.
using ArchiveProgress = std::function<bool(std::uint64_t entries, std::uint64_t bytes)>;

/// Empty, or what is wrong with an entry's name: absolute, "..", empty, a NUL.
std::string entry_name_problem(const std::string& name);

/// Empty, or what is wrong with a symbolic link `name` -> `target`: a relative one that leads above
/// the root of the tree.
std::string link_problem(const std::string& name, const std::string& target);

/// What a user should know about an archive that was unpacked.
using ArchiveNotes = std::vector<std::string>;

/// Unpacks a tar archive, compressed or not, into the directory `root`, with owners, modes, times, hard
/// links, users' extended attributes and file capabilities.  A confined process does it (confined.h), so this
/// needs root.
///
/// Refuses an archive that has a bad entry, is truncated or exceeds the limits; the Error names the
/// entry.  The caller then deletes what is in `root`.
Result<ArchiveNotes> unpack_archive(const std::string& file, const std::string& root,
                                    const ArchiveLimits& limits, const ArchiveProgress& progress);

/// Checks an archive in a confined process without writing anything, so that it knows only the links of the
/// archive itself. Adds the size of the content to `bytes`.
Status check_archive(const std::string& file, const ArchiveLimits& limits, std::uint64_t& bytes,
                     const ArchiveProgress& progress);

}  // namespace chos
