// SPDX-License-Identifier: BSD-3-Clause
// What an OS is made of: the SOURCE of `chosctl os add NAME SOURCE`.
#pragma once

#include <string>
#include <vector>

#include "basic/result.h"

namespace chos {

struct Source {
  enum class Kind {
    debian,  ///< debian:SUITE[/ARCH], made by mmdebstrap
    rpm,     ///< rpm:REPOFILE[#PACKAGE...], made by dnf, or by rpm alone
    tar,     ///< tar:FILE, any compression
    oci,     ///< oci:ARCHIVE or oci:LAYOUT[:TAG]
    dir,     ///< dir:PATH, used where it is
    image,   ///< image:FILE, squashfs or erofs
  };
  Kind kind = Kind::dir;
  std::string text;                   ///< as it was given, but with the absolute path
  std::string path;                   ///< of the file or directory, absolute; empty for debian
  std::string suite, architecture;    ///< debian; architecture may be empty: this machine's
  std::vector<std::string> packages;  ///< rpm
  std::string tag;                    ///< of an OCI layout; may be empty

  /// Its tree is mounted, not unpacked: dir and image.
  bool is_mounted() const { return kind == Kind::dir || kind == Kind::image; }
};

/// The words before the colon, for messages and completion.
const std::vector<std::string>& source_kinds();

/// Parses a SOURCE.  Relative paths are made absolute.  An Error if the file or directory does not exist
/// or has the wrong type.
Result<Source> parse_source(const std::string& text);

}  // namespace chos
