// SPDX-License-Identifier: BSD-3-Clause
// Tar archives of untrusted origin.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "basic/result.h"
#include "build/unpacker.h"

namespace chos {

/// Called now and then; false: stop, the result is an Error with code EINTR.
using ArchiveProgress = std::function<bool(std::uint64_t entries, std::uint64_t bytes)>;

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

/// What is to be said about extended attributes that were left out.
ArchiveNotes notes_of(const Unpacked& unpacked);

/// Unpacked as text, to pass it from the confined process to its parent.
std::string unpacked_text(const Unpacked& unpacked);
/// Parses such a text.  Error EPROTO: it is none.
Result<Unpacked> parse_unpacked(const std::string& text);

}  // namespace chos
