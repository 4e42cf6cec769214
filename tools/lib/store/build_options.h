// SPDX-License-Identifier: BSD-3-Clause
// The options of `chosctl os add` and `replace` that say how a tree is made from its SOURCE.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "basic/result.h"
#include "store/source.h"

namespace chos {

struct BuildOptions {
  std::uint64_t max_size = std::uint64_t{64} << 30;  ///< bytes unpacked
  bool drop_devices = false;                         ///< of tar archives and layers
  std::string variant = "important";                 ///< debian: mmdebstrap's variant
  std::vector<std::string> include;                  ///< debian: more packages
  std::vector<std::string> mirrors;                  ///< debian: empty: those that apt uses here
  bool expired_ok = false;                           ///< debian: accept an expired Release file
  std::string releasever;                            ///< rpm: what $releasever of the .repo file stands for
  bool allow_writable = false;                       ///< publish a tree that others than root could change
  bool unsigned_ok = false;                          ///< rpm: accept packages without a signature

  bool operator==(const BuildOptions&) const = default;
};

/// The words of a command line, such as "--include=gcc,make".  Options with their default value are
/// left out.
std::vector<std::string> words_of(const BuildOptions& options);

/// Rejects options that do not apply to a source of this kind.
Status check_options(const Source& source, const BuildOptions& options);

/// Parses a SIZE: "500M", "20G", "1T"; plain bytes too.
Result<std::uint64_t> parse_size(const std::string& text);
/// "412.3 MiB"
std::string size_text(std::uint64_t bytes);

}  // namespace chos
