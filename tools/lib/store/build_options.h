// SPDX-License-Identifier: BSD-3-Clause
// How a tree is made of its SOURCE: the options of `chosctl os add` and `replace`.
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
  std::string variant = "important";                 ///< debian: of mmdebstrap
  std::vector<std::string> include;                  ///< debian: packages besides
  std::vector<std::string> mirrors;                  ///< debian: empty: those that apt uses here
  bool expired_ok = false;                           ///< debian: a Release file past its date is fine
  std::string releasever;                            ///< rpm: what $releasever of the .repo file stands for

  bool operator==(const BuildOptions&) const = default;
};

/// As words of a command line, such as "--include=gcc,make"; without those that say nothing new.
std::vector<std::string> words_of(const BuildOptions& options);

/// An Error names an option that means nothing to a source of this kind.
Status check_options(const Source& source, const BuildOptions& options);

/// Its SIZE: "500M", "20G", "1T"; plain bytes too.
Result<std::uint64_t> parse_size(const std::string& text);
/// "412.3 MiB"
std::string size_text(std::uint64_t bytes);

}  // namespace chos
