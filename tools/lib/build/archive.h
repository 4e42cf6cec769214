// SPDX-License-Identifier: BSD-3-Clause
// Archives from anywhere: what is in one is looked at before it is written, with libarchive.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

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

/// Unpacks a tar archive, compressed in any way that libarchive knows, into the directory `root`,
/// with owners, modes, times, extended attributes and hard links.
///
/// An archive with a bad entry, a truncated one, and one that goes beyond the limits are refused
/// with the entry's name; what is in `root` then is to be thrown away.
Status unpack_archive(const std::string& file, const std::string& root, const ArchiveLimits& limits,
                      const ArchiveProgress& progress);

/// The same without writing anything, so that what lies behind a link is known only if the link is of
/// the archive itself.  Adds what it has met to `bytes`.
Status check_archive(const std::string& file, const ArchiveLimits& limits, std::uint64_t& bytes,
                     const ArchiveProgress& progress);

}  // namespace chos
