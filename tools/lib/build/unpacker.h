// SPDX-License-Identifier: BSD-3-Clause
// Unpacks a tar archive to the root directory of this process: every entry is checked before it is written.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "basic/result.h"
#include "build/confined.h"
#include "build/tree_writer.h"
#include "build/whiteouts.h"

namespace chos {

/// What an archive, or all layers of an image together, may have.
struct ArchiveLimits {
  std::uint64_t bytes = 0;  ///< of all content, unpacked
  std::uint64_t entries = 10'000'000;
  bool drop_devices = false;  ///< leave device nodes out instead of refusing them
};

/// What was unpacked so far.
struct Unpacked {
  std::uint64_t bytes = 0, entries = 0;
  std::map<std::string, std::uint64_t> left_out;  ///< entries that lost an extended attribute, by its name
};

/// Runs in a confined process (confined.h).
class Unpacker {
 public:
  enum class Kind {
    tree,
    layer,  ///< of a container image: it replaces and hides what is in the tree already
  };

  /// `file` names the archive in messages; `sum` is counted up.
  Unpacker(Kind kind, std::string file, const ArchiveLimits& limits, const ConfinedReport& report,
           Unpacked& sum);

  /// Unpacks what `reader`, which is open, reads to the end.  A layer may have no entry.
  Status run(archive* reader);

 private:
  Status add(archive_entry* entry, const std::string& name);
  Status add_to_layer(archive_entry* entry, const std::string& name);
  Status write(archive_entry* entry, const std::string& name);
  Status count(archive_entry* entry, const std::string& name);
  Status skip(const std::string& name);
  Error unreadable(const std::string& last) const;
  Error refused(const std::string& name, const std::string& problem) const;

  const Kind kind_;
  const std::string file_;
  const ArchiveLimits& limits_;
  const ConfinedReport& report_;
  Unpacked& sum_;
  archive* reader_ = nullptr;
  TreeWriter writer_;
  LayerContent layer_;
};

}  // namespace chos
