// SPDX-License-Identifier: BSD-3-Clause
// From a SOURCE to a tree, beside those that are published.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/result.h"
#include "store/source.h"
#include "store/store.h"
#include "store/work_progress.h"

namespace chos {

struct BuildOptions {
  std::uint64_t max_size = std::uint64_t{64} << 30;  ///< bytes unpacked
  bool drop_devices = false;            ///< of tar archives and layers
  std::string variant = "important";    ///< debian: of mmdebstrap
  std::vector<std::string> include;     ///< debian: packages besides
  std::string mirror;                   ///< debian: empty: the one that apt uses here
  bool expired_ok = false;              ///< debian: a Release file past its date is fine
};

/// What build() has made in the working directory.
struct Built {
  TreeRecord::Kind kind = TreeRecord::Kind::tree;
  std::string root;    ///< where the tree can be looked at
  std::string origin;  ///< as in TreeRecord
};

/// Makes the tree of `source` below the empty directory `work`; programs' output goes to `log`.
/// An image is copied to WORK/image and mounted read-only on WORK/mount.
Result<Built> build(const Source& source, const BuildOptions& options, const std::string& work,
                    const std::string& log, WorkProgress& progress);

/// The address of the Debian archive that apt uses here, for the suite of this machine; "" if apt
/// knows none.
std::string apt_mirror();

/// Its SIZE: "500M", "20G", "1T"; plain bytes too.
Result<std::uint64_t> parse_size(const std::string& text);
/// "412.3 MiB"
std::string size_text(std::uint64_t bytes);

}  // namespace chos
